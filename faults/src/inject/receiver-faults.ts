// Faults of webhook receivers.
import { setTimeout as sleep } from 'node:timers/promises';
import { Callers } from '../load/callers';
import { type PlannedRequest } from '../plan/load-plan';
import { type ReceiverMood } from '../receiver/receiver';
import { tenantAt } from '../system/tenants';
import { registerEndpoint } from '../system/world';
import { type Injection } from './process-faults';

function inMood(mood: ReceiverMood, how: string): Injection {
  return async ({ receiver }, { holdMs }) => {
    await receiver.setMood(mood);
    try {
      await sleep(holdMs);
    } finally {
      await receiver.setMood({ kind: 'well' });
    }
    return `receivers ${how} for ${(holdMs / 1_000).toFixed(1)} s`;
  };
}

export const receiverDown = inMood({ kind: 'down' }, 'refuse connections');
export const receiverSlow = inMood({ kind: 'slow', delayMs: 3_000 }, 'take 3 s');
export const receiverFails = inMood({ kind: 'failing', status: 503 }, 'answer 503');

/** Jobs that are told to an endpoint that wants nothing any more. */
const goneJobs = 3;
const goneWithinMs = 60_000;

export const receiverGone: Injection = async (world, { holdMs, draw }) => {
  const tenant = tenantAt(Math.floor(draw * 4));
  const name = `gone-${Math.floor(draw * 1e9)}`;
  const { product, receiver, noter } = world;
  const endpointId = await registerEndpoint(world, tenant, name);
  receiver.retire(name);
  const over = AbortSignal.timeout(goneWithinMs);
  const callers = new Callers({ url: product.url, noter, tenant, endpointId, over });
  for (let number = 1; number <= goneJobs; number += 1) {
    const planned: PlannedRequest = {
      request: `${name}-${number}`, shape: 'webhook', tenant: 0, surface: 'openai', model: 'chat',
      promptChars: 20, tokensMax: 8, keyed: true, delayMs: 0, gapMs: 0,
    };
    const { request, shape, surface } = planned;
    const note = noter.begin({ request, shape, surface, tenant: tenant.customer, stream: false });
    note.answered = await callers.webhook(planned).catch(() => false);
    note.endedMs = Date.now();
  }
  await sleep(holdMs);
  return `an endpoint of ${tenant.customer} answers 410`;
};
