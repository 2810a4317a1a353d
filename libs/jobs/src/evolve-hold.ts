// The part of the fold about holds whose end nobody learned: given up, or settled by a bill.
import type { AttemptRecord } from '@libs/events/attempts';
import type { Catalogue } from '@libs/events/catalogue';
import { type HoldfastEvent, timeMs } from '@libs/events/envelope';
import { mergeAttempts, stillUnknown } from './known-attempts';
import type { JobState } from './state';

export function holdWrittenOff(state: JobState, routing: number): JobState {
  const unknownRoutings = state.unknownRoutings.map((entry) =>
    entry.routing === routing ? { ...entry, writtenOff: true } : entry);
  return { ...state, unknownRoutings };
}

/** A word of the call itself that came before counts, not the bill. */
export function holdReconciled(
  state: JobState, event: HoldfastEvent<'HoldReconciled'>,
): JobState {
  const { routing, attempt_id: id } = event.data;
  const entry = state.unknownRoutings.find((one) => one.routing === routing);
  const known = state.attempts.find((attempt) => attempt.attempt_id === id);
  if (entry === undefined || (known !== undefined && known.cost_pico_usd !== null)) return state;
  const billed = known === undefined ? standIn(event.data, entry.atMs ?? timeMs(event))
    : { ...known, ...billOf(event.data), usage: event.data.usage ?? known.usage };
  const attempts = mergeAttempts(state.attempts, [billed]);
  const unknownRoutings = state.unknownRoutings.flatMap((one) =>
    (one !== entry ? [one] : one.attemptId === null ? [] : stillUnknown(one, attempts, routing)));
  return { ...state, attempts, unknownRoutings };
}

function billOf(
  data: Catalogue['HoldReconciled'],
): Pick<AttemptRecord, 'usage' | 'cost_pico_usd' | 'reconciled'> {
  return { usage: data.usage, cost_pico_usd: data.cost_pico_usd, reconciled: true };
}

/** How it ended stays unknown; that it ran and what it cost is known. */
function standIn(data: Catalogue['HoldReconciled'], atMs: number): AttemptRecord {
  const { attempt_id: id, routing, provider, key, model } = data;
  return {
    attempt_id: id, routing, provider, key, model, started_at_ms: atMs, duration_ms: 0,
    first_token_ms: null, outcome: 'unknown', error: null, retry_after_ms: null, ...billOf(data),
  };
}
