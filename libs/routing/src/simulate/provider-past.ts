// How each target behaved in the past, as the log has it: what a call there at some time would have
// come to. Nothing is invented: an outcome is one that was seen, at the nearest time there is.
import type { AttemptRecord } from '@libs/events/attempts';
import { targetName } from '../provider-load';
import { type Draws } from '../seeded';

export interface ProviderPast {
  /** By `provider:model`, in the order of their start. */
  readonly byTarget: Map<string, AttemptRecord[]>;
  /** All attempts of a provider, for models of it that were never asked. */
  readonly byProvider: Map<string, AttemptRecord[]>;
}

/** Attempts so near in time are alike: an outage or a slow phase is seen, and one call is not all. */
const nearMs = 5_000;

export function newPast(): ProviderPast {
  return { byTarget: new Map(), byProvider: new Map() };
}

/** Attempts whose end is known; told in any order before the first question. */
export function rememberAttempt(past: ProviderPast, attempt: AttemptRecord): void {
  if (attempt.outcome === 'canceled') return;
  push(past.byTarget, targetName(attempt.provider, attempt.model), attempt);
  push(past.byProvider, attempt.provider, attempt);
}

/** In the order of their start, which questions rely on. */
export function sortPast(past: ProviderPast): void {
  for (const list of [...past.byTarget.values(), ...past.byProvider.values()]) {
    list.sort((a, b) => a.started_at_ms - b.started_at_ms);
  }
}

/** One of the attempts near `atMs`, by chance; null: nothing is known of the target. */
export function attemptLike(
  past: ProviderPast, target: { readonly provider: string; readonly model: string }, atMs: number,
  draws: Draws,
): AttemptRecord | null {
  const list = past.byTarget.get(targetName(target.provider, target.model))
    ?? past.byProvider.get(target.provider);
  if (list === undefined || list.length === 0) return null;
  const from = firstAtOrAfter(list, atMs - nearMs);
  let to = from;
  while (to < list.length && (list[to] as AttemptRecord).started_at_ms <= atMs + nearMs) to += 1;
  if (to > from) return list[from + Math.floor(draws() * (to - from))] as AttemptRecord;
  const after = list[from];
  const before = list[from - 1];
  if (after === undefined || before === undefined) return after ?? before ?? null;
  return after.started_at_ms - atMs < atMs - before.started_at_ms ? after : before;
}

function firstAtOrAfter(list: readonly AttemptRecord[], atMs: number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] as AttemptRecord).started_at_ms < atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function push(map: Map<string, AttemptRecord[]>, name: string, attempt: AttemptRecord): void {
  const list = map.get(name);
  if (list === undefined) map.set(name, [attempt]);
  else list.push(attempt);
}
