// Many requests at once from one process, over kept connections, each timed.
import { Agent, request } from 'undici';
import { type Holdfast } from '../support/holdfast';

export interface Answer {
  /** 0: the connection broke, and the body says how. */
  readonly status: number;
  readonly body: string;
  readonly retryAfter: string | undefined;
  readonly startedAt: number;
  readonly durationMs: number;
}

export interface Client {
  post(path: string, body: string | Buffer, headers?: Record<string, string>): Promise<Answer>;
  close(): Promise<void>;
}

export function newClient(holdfast: Holdfast, timeoutMs = 120_000): Client {
  const agent = new Agent({
    pipelining: 1, keepAliveTimeout: 4_000, headersTimeout: timeoutMs, bodyTimeout: timeoutMs,
  });
  const common = { authorization: `Bearer ${holdfast.key}`, 'content-type': 'application/json' };
  return {
    close: () => agent.destroy(),
    post: async (path, body, headers = {}) => {
      const startedAt = performance.now();
      try {
        const answer = await request(`${holdfast.url}${path}`, {
          dispatcher: agent, method: 'POST', body, headers: { ...common, ...headers },
        });
        const text = await answer.body.text();
        const retryAfter = answer.headers['retry-after'];
        return {
          status: answer.statusCode, body: text, startedAt, durationMs: performance.now() - startedAt,
          retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
        };
      } catch (error) {
        const durationMs = performance.now() - startedAt;
        return { status: 0, body: String(error), retryAfter: undefined, startedAt, durationMs };
      }
    },
  };
}

/** Starts `perSecond` calls a second for that long, whatever becomes of them; waits for all. */
export async function openLoop<T>(
  { perSecond, seconds }: { perSecond: number; seconds: number }, call: (index: number) => Promise<T>,
): Promise<T[]> {
  const calls: Promise<T>[] = [];
  const startedAt = performance.now();
  for (;;) {
    const elapsed = (performance.now() - startedAt) / 1_000;
    if (elapsed >= seconds) break;
    const due = Math.floor(elapsed * perSecond);
    while (calls.length < due) calls.push(call(calls.length));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return Promise.all(calls);
}

/** Runs all calls, so many at a time. */
export async function atATime<T>(
  count: number, concurrency: number, call: (index: number) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  await Promise.all(Array.from({ length: concurrency }, async () => {
    while (next < count) {
      const index = next;
      next += 1;
      results[index] = await call(index);
    }
  }));
  return results;
}

export function countsBy<T>(values: readonly T[], keyOf: (value: T) => string | number): string {
  const counts = new Map<string | number, number>();
  for (const value of values) counts.set(keyOf(value), (counts.get(keyOf(value)) ?? 0) + 1);
  return JSON.stringify(Object.fromEntries(counts));
}
