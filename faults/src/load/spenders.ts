// Callers who spend one key's money together, until there is none: in the middle of the faults they
// come to one key after the other.
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PoorKey, poorKeys } from '../system/tenants';
import { type Noter, requestHeader } from './noter';

export interface SpendersTarget {
  readonly url: string;
  readonly noter: Noter;
  /** The keys' turns are spread over it. */
  readonly forMs: number;
}

export interface Spenders {
  /** Begins no more; resolves when all have ended, broken off after `withinMs`. */
  stop(withinMs: number): Promise<void>;
}

/** Together they may cost about three times what a key has. */
const callersEach = 6;
const callsEach = 6;
/** While nobody listens a call fails at once. */
const againMs = 700;
/** Longer than any outage here. */
const patienceMs = 30_000;
/** Words of an answer, which hold most of what a call holds. */
const tokensMax = 16;

/** Names of requests: `b<key>-<caller>-<call>`. */
export function startSpenders(target: SpendersTarget): Spenders {
  const life = { stopped: false };
  const over = new AbortController();
  setMaxListeners(0, over.signal);
  const underWay: Promise<void>[] = [];
  const spend = async (poor: PoorKey, caller: string): Promise<void> => {
    for (let call = 0; call < callsEach && !life.stopped; call += 1) {
      const end = await ask(target, poor, `${caller}-${call}`, over.signal);
      if (end === 'no money') return;
      if (end === 'failed') await Promise.race([sleep(againMs), aborted(over.signal)]);
    }
  };
  const running = (async () => {
    for (const [number, poor] of poorKeys.entries()) {
      if (life.stopped) return;
      for (let caller = 0; caller < callersEach; caller += 1) {
        underWay.push(spend(poor, `b${number}-${caller}`));
      }
      await Promise.race([sleep(target.forMs / poorKeys.length), aborted(over.signal)]);
    }
  })();
  return {
    stop: async (withinMs) => {
      life.stopped = true;
      const timer = setTimeout(() => over.abort(), withinMs);
      await running;
      await Promise.all(underWay);
      clearTimeout(timer);
    },
  };
}

async function ask(
  { url, noter }: SpendersTarget, { key, customer }: PoorKey, request: string, over: AbortSignal,
): Promise<'answered' | 'no money' | 'failed'> {
  const note = noter.begin({
    request, shape: 'spend', surface: 'openai', tenant: customer, stream: false,
  });
  try {
    const answer = await noter.fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`, 'content-type': 'application/json',
        [requestHeader]: request, 'holdfast-metadata': JSON.stringify({ request }),
      },
      body: JSON.stringify({
        model: 'chat', max_tokens: tokensMax, user: request,
        messages: [{ role: 'user', content: request }],
      }),
      signal: AbortSignal.any([AbortSignal.timeout(patienceMs), over]),
    });
    await answer.arrayBuffer();
    // That there is no money left is an answer, too.
    note.answered = answer.status === 200 || answer.status === 402;
    return answer.status === 402 ? 'no money' : note.answered ? 'answered' : 'failed';
  } catch {
    // Stands in its tries.
    return 'failed';
  } finally {
    note.endedMs = Date.now();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
