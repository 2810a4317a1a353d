// What is known of a job's calls: records merged by attempt id, and routings whose end is not known.
import type { AttemptRecord } from '@libs/events/attempts';
import type { JobFacts, JobState, RunningJob, UnknownRouting } from './state';
import { owes, withoutStandIns } from './unknown-calls';

/** What one event says of calls. */
export interface Word {
  readonly attempts: readonly AttemptRecord[];
  /** The routing this event ends, null when it ends none. */
  readonly ended: number | null;
  /** The job stops running: a running routing that did not end here becomes unknown. */
  readonly leaves: boolean;
}

export type Calls = Pick<JobFacts, 'attempts' | 'unknownRoutings'>;

/** The job's calls after hearing `word`. Hearing it again changes nothing. */
export function hear(state: JobState, word: Word): Calls {
  const merged = mergeAttempts(state.attempts, word.attempts);
  const attempts = state.attempts.length === 0 ? merged
    : withoutStandIns(merged, state.attempts, word);
  const running = state.phase === 'running' ? state : null;
  if (running === null && state.unknownRoutings.length === 0) {
    return { attempts, unknownRoutings: state.unknownRoutings };
  }
  const open = running !== null && (word.leaves || running.routed.routing === word.ended)
    ? [...state.unknownRoutings, openRouting(running.routed)]
    : state.unknownRoutings;
  const unknownRoutings = open.flatMap((entry) => stillUnknown(entry, attempts, word.ended));
  return { attempts, unknownRoutings };
}

/** A routing of which nothing has been heard. */
export function openRouting(routed: RunningJob['routed']): UnknownRouting {
  const [first] = routed.plan;
  const hold = routed.hold?.amount_pico_usd ?? null;
  return {
    routing: routed.routing,
    holdPicoUsd: hold,
    ...(routed.hedge === undefined || hold === null ? {}
      : { perCallPicoUsd: String(BigInt(hold) / 2n) }),
    provider: first?.provider ?? '',
    key: first?.key ?? '',
    model: first?.model ?? '',
    attemptId: null,
    writtenOff: false,
    atMs: routed.now_ms,
    candidates: candidatesOf(routed),
  };
}

/** References only: every job passes here. */
function candidatesOf(routed: RunningJob['routed']): NonNullable<UnknownRouting['candidates']> {
  const { context_too_long: longer, content_filtered: filtered } = routed.fallbacks_by_class;
  return longer.length + filtered.length === 0 ? [routed.plan] : [routed.plan, longer, filtered];
}

/** Merges records by attempt id; a record is replaced only by one that knows more. */
export function mergeAttempts(
  known: readonly AttemptRecord[], heard: readonly AttemptRecord[],
): readonly AttemptRecord[] {
  let merged: AttemptRecord[] | null = null;
  for (const attempt of heard) {
    const now: readonly AttemptRecord[] = merged ?? known;
    const index = now.findIndex((record) => record.attempt_id === attempt.attempt_id);
    if (index === -1) {
      merged = [...now, attempt];
    } else if (knowledge(attempt) > knowledge(now[index] ?? attempt)) {
      merged = now.map((record, place) => (place === index ? attempt : record));
    }
  }
  return merged ?? known;
}

/** Money counts before the outcome: a booked amount is never taken back by a poorer record. */
function knowledge(attempt: AttemptRecord): number {
  return (attempt.cost_pico_usd === null ? 0 : 2) + (attempt.outcome === 'unknown' ? 0 : 1);
}

/** The routing as far as calls of it still owe; nothing once its end was heard and none does. */
export function stillUnknown(
  entry: UnknownRouting, attempts: readonly AttemptRecord[], ended: number | null,
): readonly UnknownRouting[] {
  const named = entry.attemptId !== null;
  if (entry.routing !== ended && !named) return [entry];
  const owing = attempts.filter((attempt) => attempt.routing === entry.routing && owes(attempt));
  const [first] = owing;
  if (first === undefined) return [];
  const { provider, key, model, attempt_id: attemptId } = first;
  const { perCallPicoUsd: perCall } = entry;
  // The call that was faster is booked: only the other one still holds its part.
  const holdPicoUsd = perCall === undefined ? entry.holdPicoUsd
    : String(BigInt(perCall) * BigInt(owing.length));
  return [{ ...entry, provider, key, model, attemptId, holdPicoUsd }];
}
