// Lets the planned requests come as independent callers would: nobody waits for anybody else.
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RequestNote } from '../notes';
import { planLoad, type PlannedRequest } from '../plan/load-plan';
import { tenantAt, tenants } from '../system/tenants';
import { Callers } from './callers';
import { type Noter } from './noter';

export interface LoadOptions {
  readonly url: string;
  readonly seed: number;
  readonly perSecond: number;
  readonly noter: Noter;
  /** Id of each tenant's webhook endpoint, in the tenants' order. */
  readonly endpointIds: readonly string[];
}

export interface MixedLoad {
  /** Requests begun so far. */
  readonly begun: number;
  /** Begins no more; resolves when all callers have ended, sent away after `patienceMs`. */
  stop(patienceMs: number): Promise<void>;
}

/** With this many callers at once no new one begins: a bound for the campaign's own memory. */
const callersMax = 600;

export function startLoad(options: LoadOptions): MixedLoad {
  const { url, noter, endpointIds } = options;
  const over = new AbortController();
  // Every call under way listens to it.
  setMaxListeners(0, over.signal);
  const callers = tenants.map((tenant, index) => new Callers({
    url, noter, tenant, endpointId: endpointIds[index] ?? '', over: over.signal,
  }));
  const underWay = new Set<Promise<void>>();
  const life = { stopped: false, begun: 0 };
  const running = (async () => {
    const { seed, perSecond } = options;
    const requests = planLoad(seed, { tenants: tenants.length, perSecond });
    while (!life.stopped) {
      const planned = requests.next().value;
      if (underWay.size < callersMax) {
        const call = perform(callers, planned, noter).finally(() => underWay.delete(call));
        underWay.add(call);
        life.begun += 1;
      }
      await sleep(planned.gapMs);
    }
  })();
  return {
    get begun() { return life.begun; },
    stop: async (patienceMs) => {
      life.stopped = true;
      await running;
      const timer = setTimeout(() => over.abort(), patienceMs);
      await Promise.all(underWay);
      clearTimeout(timer);
    },
  };
}

async function perform(
  callers: readonly Callers[], planned: PlannedRequest, noter: Noter,
): Promise<void> {
  const { request, shape, surface } = planned;
  const { customer } = tenantAt(planned.tenant);
  const note = noter.begin({
    request, shape, surface, tenant: customer, stream: shape === 'stream',
  });
  try {
    const caller = callers[planned.tenant];
    note.answered = caller !== undefined && await call(caller, planned, note);
  } catch {
    // What went wrong stands in its tries; that it was not answered is what counts here.
    note.answered = false;
  } finally {
    note.endedMs = Date.now();
  }
}

function call(caller: Callers, planned: PlannedRequest, note: RequestNote): Promise<boolean> {
  switch (planned.shape) {
    case 'sync': return caller.sync(planned);
    case 'stream': return caller.stream(planned);
    case 'async': return caller.async(planned, note);
    case 'webhook': return caller.webhook(planned);
    case 'repeat': return caller.repeat(planned);
    case 'cancel': return caller.cancel(planned);
    case 'leave': return caller.leave(planned);
  }
}
