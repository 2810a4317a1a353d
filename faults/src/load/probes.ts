// Short sync calls without retries. A steady row of them for each tenant shows when there was no
// service; many at once show which share is answered.
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { tenantAt, tenants } from '../system/tenants';
import { type Noter, requestHeader } from './noter';

export interface ProbeTarget {
  readonly url: string;
  readonly noter: Noter;
}

export interface Probes {
  /** Begins no more; resolves when all have ended, broken off after `withinMs`. */
  stop(withinMs: number): Promise<void>;
}

/** Of each tenant: finer than any gap that matters, light beside the mixed load. */
const everyMs = 200;
/** Longer than any outage here; a caller without patience would count twice. */
const patienceMs = 30_000;

/** Names of requests: probes of the row begin with p, those of the crowd with c. */
export function startProbes(target: ProbeTarget): Probes {
  const underWay = new Set<Promise<void>>();
  const life = { stopped: false };
  const over = new AbortController();
  setMaxListeners(0, over.signal);
  const running = (async () => {
    for (let number = 0; !life.stopped; number += 1) {
      const probing = probe({ ...target, over: over.signal }, `p${number}`, number % tenants.length)
        .finally(() => underWay.delete(probing));
      underWay.add(probing);
      await sleep(everyMs / tenants.length);
    }
  })();
  return {
    stop: async (withinMs) => {
      life.stopped = true;
      await running;
      const timer = setTimeout(() => over.abort(), withinMs);
      await Promise.all(underWay);
      clearTimeout(timer);
    },
  };
}

/** As fast as it goes with so many callers at once. */
export async function crowd(
  target: ProbeTarget, { callers, forMs }: { readonly callers: number; readonly forMs: number },
): Promise<void> {
  const until = Date.now() + forMs;
  let number = 0;
  await Promise.all(Array.from({ length: callers }, async (_, caller) => {
    while (Date.now() < until) {
      number += 1;
      await probe({ ...target, over: null }, `c${number}`, caller % tenants.length);
    }
  }));
}

async function probe(
  { url, noter, over }: ProbeTarget & { readonly over: AbortSignal | null },
  request: string, tenant: number,
): Promise<void> {
  const { customer, key } = tenantAt(tenant);
  const note = noter.begin({
    request, shape: 'probe', surface: 'openai', tenant: customer, stream: false,
  });
  try {
    const answer = await noter.fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`, 'content-type': 'application/json',
        [requestHeader]: request,
        'holdfast-metadata': JSON.stringify({ request }),
      },
      body: JSON.stringify({
        model: 'chat', max_tokens: 4, user: request, messages: [{ role: 'user', content: request }],
      }),
      signal: AbortSignal.any([AbortSignal.timeout(patienceMs), ...over === null ? [] : [over]]),
    });
    await answer.arrayBuffer();
    note.answered = answer.status === 200;
  } catch {
    // Stands in its tries.
    note.answered = false;
  } finally {
    note.endedMs = Date.now();
  }
}
