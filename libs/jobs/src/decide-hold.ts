// Orders about holds whose end nobody learned: to give one up, or to settle it by the provider's bill.
import type { Catalogue } from '@libs/events/catalogue';
import type { Price } from '@libs/events/usage';
import { costOf } from '@libs/governance/cost';
import { type Decision, type Refusal, type RouterCommand, accept, refuse } from './commands';
import type { JobState, UnknownRouting } from './state';
import { callNamed, isStandIn, standInId, type UnknownCall, wasCall } from './unknown-calls';

type Of<T extends RouterCommand['type']> = Extract<RouterCommand, { type: T }>;

export function writeOffHold(state: JobState, command: Of<'WriteOffHold'>): Decision {
  const { routing, reason, actor, seen, nowMs } = command;
  const entry = state.unknownRoutings.find((one) => one.routing === routing && !one.writtenOff);
  if (entry === undefined) return refuse('no_such_hold');
  return accept({
    type: 'HoldWrittenOff', ...about(state),
    data: {
      routing, reason, attempt_id: entry.attemptId, amount_pico_usd: entry.holdPicoUsd,
      ...(actor === undefined ? {} : { actor }), seen, now_ms: nowMs,
    },
  });
}

/** What an operator asked for, decided by what is known now. */
export function answerHold(state: JobState, command: Of<'AnswerHold'>): Decision {
  const { asked, request, seen, nowMs } = command;
  const found = openCall(state, asked);
  if (typeof found === 'string') return refuse(found);
  const { call, entry } = found;
  const { routing, provider, key, model, holdPicoUsd } = call;
  const { actor, reason } = asked;
  if (asked.action === 'write_off') {
    const { attemptId: id, holdPicoUsd: amount } = entry;
    return accept({
      type: 'HoldWrittenOff', ...about(state),
      data: {
        routing, reason, attempt_id: id, amount_pico_usd: amount, actor, seen, now_ms: nowMs, request,
      },
    });
  }
  const cost = billedCost(asked, entry, call);
  if (cost === null) return refuse('price_unknown');
  return accept({
    type: 'HoldReconciled', ...about(state),
    data: {
      routing, provider, key, model, actor, reason, seen, now_ms: nowMs, request,
      attempt_id: isStandIn(call.attempt) ? standInId(state.id, routing) : call.attempt,
      usage: asked.usage ?? null, cost_pico_usd: cost, amount_pico_usd: holdPicoUsd,
    },
  });
}

/** One that was written off may still be settled: its bill came late. */
function openCall(
  state: JobState, { attempt_id: attempt, action }: Catalogue['HoldReconcileRequested'],
): { readonly call: UnknownCall; readonly entry: UnknownRouting } | Refusal {
  const found = callNamed(state, attempt);
  if (found !== null) {
    return action === 'write_off' && found.entry.writtenOff ? 'hold_closed' : found;
  }
  const runs = state.phase === 'running' && attempt === `unknown:${state.routed.routing}`;
  return !runs && wasCall(state, attempt) ? 'hold_closed' : 'no_such_hold';
}

/** By the price that the job was routed with; null: it is not known. */
function billedCost(
  asked: Catalogue['HoldReconcileRequested'], { candidates }: UnknownRouting, call: UnknownCall,
): string | null {
  if (asked.cost_pico_usd !== undefined) return asked.cost_pico_usd;
  const price: Price | null = (candidates ?? []).flat()
    .find(({ provider, model }) => provider === call.provider && model === call.model)?.price ?? null;
  return costOf(asked.usage ?? null, price);
}

function about(job: JobState): { readonly subject: string; readonly tenant: string } {
  return { subject: job.id, tenant: job.tenant };
}
