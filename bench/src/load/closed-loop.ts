// A closed loop with autocannon. Its own histogram knows whole milliseconds and no p95: every
// response is noted here instead.
import autocannon from 'autocannon';
import { latencyOf, round } from '../statistics';
import { type ClosedLoop, type ClosedLoopResult } from './jobs';
import { chatBody, headersFor } from './request';

/** Longer than any answer of a system that works. */
const timeoutS = 30;

export async function runClosedLoop(job: ClosedLoop): Promise<ClosedLoopResult> {
  const { target, connections, settleS, seconds } = job;
  const samplesMs: number[] = [];
  let all = 0;
  let failed = 0;
  let client = 0;
  const startedMs = performance.now();
  const fromMs = startedMs + settleS * 1_000;
  const toMs = fromMs + seconds * 1_000;
  const loop = autocannon({
    url: `${target.baseUrl}/chat/completions`, method: 'POST',
    headers: headersFor(target), body: chatBody(target, 'client'),
    connections,
    // Stopped by its own clock; the samples decide what was in time.
    duration: settleS + seconds,
    timeout: timeoutS, sampleInt: 100,
    setupClient: (each) => each.setBody(chatBody(target, `client ${client += 1}`)),
  });
  loop.on('response', (_client, status: number, _bytes, tookMs: number) => {
    all += 1;
    if (status !== 200) failed += 1;
    const nowMs = performance.now();
    if (nowMs >= fromMs && nowMs < toMs && status === 200) samplesMs.push(tookMs);
  });
  const { errors } = await loop;
  return {
    ...latencyOf(samplesMs),
    requestsPerS: round(samplesMs.length / seconds, 1),
    requests: samplesMs.length,
    allRequests: all,
    errors: errors + failed,
  };
}
