// Streamed requests: time to the first token, pace, and how many are open at the same time.
import { Pool } from 'undici';
import { median, percentile, round } from '../statistics';
import { type Target } from '../systems/system';
import { type StreamedLoad, type StreamedLoadResult } from './jobs';
import { TokenCounter } from './read-sse';
import { chatBody, headersFor } from './request';

interface Stream {
  readonly firstTokenMs: number;
  readonly tokens: number;
  readonly tokensPerS: number;
}

/** Shared by all streams of a run. */
interface Run {
  readonly pool: Pool;
  readonly target: Target;
  receiving: number;
  receivingMax: number;
  tokens: number;
}

export async function runStreams(job: StreamedLoad): Promise<StreamedLoadResult> {
  const { target, connections, seconds, held } = job;
  const pool = new Pool(new URL(target.baseUrl).origin, {
    connections, pipelining: 1, headersTimeout: 60_000, bodyTimeout: 60_000,
  });
  const run: Run = { pool, target, receiving: 0, receivingMax: 0, tokens: 0 };
  const streams: Stream[] = [];
  let errors = 0;
  const startedMs = performance.now();
  const untilMs = startedMs + seconds * 1_000;
  await Promise.all(Array.from({ length: connections }, async (_, index) => {
    for (let turn = 0; turn === 0 || (!held && performance.now() < untilMs); turn += 1) {
      const stream = await readStream(run, `stream ${index} ${turn}`).catch(() => null);
      if (stream === null) errors += 1;
      else streams.push(stream);
    }
  }));
  const tookS = (performance.now() - startedMs) / 1_000;
  await pool.close();
  const firstMs = Float64Array.from(streams.map(({ firstTokenMs }) => firstTokenMs)).sort();
  return {
    streams: streams.length, errors,
    firstTokenP50Ms: round(percentile(firstMs, 0.5), 2),
    firstTokenP99Ms: round(percentile(firstMs, 0.99), 2),
    tokensPerS: round(run.tokens / tookS),
    streamTokensPerS: round(median(streams.map(({ tokensPerS }) => tokensPerS)), 1),
    openMax: run.receivingMax,
  };
}

/** @throws Error for a stream that does not come to its end. */
async function readStream(run: Run, mark: string): Promise<Stream> {
  const { pool, target } = run;
  const sentMs = performance.now();
  const { statusCode, body } = await pool.request({
    path: new URL(`${target.baseUrl}/chat/completions`).pathname,
    method: 'POST', headers: headersFor(target), body: chatBody(target, mark, { stream: true }),
  });
  if (statusCode !== 200) {
    await body.dump();
    throw new Error(`status ${statusCode}`);
  }
  const counter = new TokenCounter();
  let firstMs: number | null = null;
  try {
    body.setEncoding('utf8');
    for await (const piece of body as AsyncIterable<string>) {
      if (counter.take(piece) === 0 || firstMs !== null) continue;
      firstMs = performance.now();
      run.receiving += 1;
      run.receivingMax = Math.max(run.receivingMax, run.receiving);
    }
  } finally {
    if (firstMs !== null) run.receiving -= 1;
    run.tokens += counter.tokens;
  }
  if (firstMs === null || !counter.done) throw new Error('a stream without an end');
  const tookS = (performance.now() - firstMs) / 1_000;
  return {
    firstTokenMs: firstMs - sentMs, tokens: counter.tokens, tokensPerS: counter.tokens / tookS,
  };
}
