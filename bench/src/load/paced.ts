// An open loop: requests are due at fixed times, and latency counts from when they were due, so
// that a system that stalls cannot hide it by being asked less.
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { latencyOf } from '../statistics';
import { type PacedLoad, type PacedLoadResult } from './jobs';
import { chatBody, headersFor } from './request';

export async function runPaced(job: PacedLoad): Promise<PacedLoadResult> {
  const { target, connections, requestsPerS, seconds } = job;
  const { origin, pathname } = new URL(`${target.baseUrl}/chat/completions`);
  const pool = new Pool(origin, { connections, pipelining: 1 });
  const headers = headersFor(target);
  const samplesMs: number[] = [];
  const open = new Set<Promise<void>>();
  let errors = 0;
  const send = async (body: string, dueMs: number): Promise<void> => {
    try {
      const answer = await pool.request({ path: pathname, method: 'POST', headers, body });
      await answer.body.dump();
      if (answer.statusCode !== 200) errors += 1;
      else samplesMs.push(performance.now() - dueMs);
    } catch {
      errors += 1;
    }
  };
  const total = Math.round(requestsPerS * seconds);
  const startMs = performance.now();
  for (let sent = 0; sent < total;) {
    const dueMs = startMs + (sent / requestsPerS) * 1_000;
    if (performance.now() < dueMs) {
      await sleep(1);
      continue;
    }
    const sending = send(chatBody(target, `request ${sent}`), dueMs);
    open.add(sending);
    void sending.finally(() => open.delete(sending));
    sent += 1;
  }
  await Promise.all(open);
  await pool.close();
  return { ...latencyOf(samplesMs), requests: samplesMs.length, errors };
}
