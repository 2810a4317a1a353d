// Load on a cluster from clients that keep notes: requests in a steady rhythm, each by itself.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster } from '../support/cluster';

export interface Outcome {
  readonly name: string;
  /** Of the request's last try. */
  readonly status: number;
  readonly body: string;
  readonly tries: number;
  readonly durationMs: number;
  /** What the tries before the last one ended with. */
  readonly earlier: readonly string[];
}

export interface Load {
  /** Stops asking, and waits for what is under way. */
  stop(): Promise<readonly Outcome[]>;
}

const kinds = ['job', 'sync', 'stream'] as const;
type Kind = (typeof kinds)[number];

export interface LoadOptions {
  readonly perSecond: number;
  /** 1: a plain client that repeats nothing. */
  readonly triesMax: number;
}

/** In turn: a job that nobody waits for, one that is waited for, and a stream. */
export function startLoad(cluster: Cluster, options: LoadOptions): Load {
  const running: Promise<Outcome>[] = [];
  let index = 0;
  const timer = setInterval(() => {
    const kind = kinds[index % kinds.length] ?? 'job';
    running.push(ask(cluster, `${kind}-${Date.now()}-${index}`, { kind, triesMax: options.triesMax }));
    index += 1;
  }, 1_000 / options.perSecond);
  return {
    stop: () => {
      clearInterval(timer);
      return Promise.all(running);
    },
  };
}

/** As the official SDKs repeat: the same request, under the same idempotency key. */
async function ask(
  cluster: Cluster, name: string, { kind, triesMax }: { kind: Kind; triesMax: number },
): Promise<Outcome> {
  const startedAt = performance.now();
  const earlier: string[] = [];
  let last = { status: 0, body: 'not asked' };
  for (let tries = 1; tries <= triesMax; tries += 1) {
    last = await once(cluster, name, kind);
    const durationMs = Math.round(performance.now() - startedAt);
    if (last.status >= 200 && last.status < 300) return { name, ...last, tries, durationMs, earlier };
    if (tries < triesMax) {
      earlier.push(`${last.status} ${last.body.slice(0, 100)}`);
      await sleep(Math.min(500 * 2 ** (tries - 1), 8_000));
    }
  }
  const durationMs = Math.round(performance.now() - startedAt);
  return { name, ...last, tries: triesMax, durationMs, earlier };
}

async function once(
  { url, key }: Cluster, name: string, kind: Kind,
): Promise<{ status: number; body: string }> {
  const body = {
    model: 'gpt-4o-mini', messages: [{ role: 'user', content: name }], max_tokens: 16,
    stream: kind === 'stream',
  };
  try {
    const answer = await fetch(`${url}${kind === 'job' ? '/v1/jobs' : '/v1/chat/completions'}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`, 'content-type': 'application/json', 'idempotency-key': name,
      },
      body: JSON.stringify(kind === 'job' ? { endpoint: '/v1/chat/completions', body } : body),
      signal: AbortSignal.timeout(60_000),
    });
    const text = await answer.text();
    // A stream that broke ends without its last word.
    const broken = kind === 'stream' && answer.ok && !text.includes('[DONE]');
    return { status: broken ? 0 : answer.status, body: text };
  } catch (error) {
    return { status: 0, body: String((error as Error).cause ?? error) };
  }
}
