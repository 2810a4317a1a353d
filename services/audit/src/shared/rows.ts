// From a job's state to its rows in the read models.
import { type AttemptRecord } from '@libs/events/attempts';
import { type JobState, type JobStatus, type UnknownRouting } from '@libs/jobs/state';
import { isStandIn, standInId } from '@libs/jobs/unknown-calls';
import { statusOf } from '@libs/jobs/view';
import { type AttemptRow, type JobRow } from '@libs/postgres/read-model-rows';

/** `duplicate` is of the archive only: clients see the first job. */
function rowStatus(state: JobState): JobStatus | 'duplicate' {
  return state.phase === 'deduplicated' ? 'duplicate' : statusOf(state);
}

export function jobRow(state: JobState, positions: readonly bigint[]): JobRow {
  const metadata = state.submitted.metadata;
  return {
    id: state.id,
    tenant: state.tenant,
    team: state.submitted.team,
    key: state.submitted.key,
    status: rowStatus(state),
    model: state.submitted.model,
    createdAtMs: state.submittedAtMs,
    settledAtMs: state.phase === 'settled' ? state.settledAtMs : null,
    metadata: Object.keys(metadata).length === 0 ? null : JSON.stringify(metadata),
    state: JSON.stringify(state),
    positions,
    errorClass: state.phase === 'settled' ? state.error?.class ?? null : null,
    dataSubject: state.submitted.data_subject ?? null,
  };
}

/** One row per attempt, and one per routing whose end nobody learned. */
export function attemptRows(state: JobState): AttemptRow[] {
  return [
    ...state.attempts.map((attempt) => attemptRow(state, attempt)),
    ...nameless(state).map((unknown) => unknownRow(state, unknown)),
  ];
}

/** Attempt rows of the state before that do not hold any more. */
export function goneAttempts(before: JobState | undefined, after: JobState): string[] {
  if (before === undefined) return [];
  const stood = standIns(before);
  if (before.unknownRoutings.length === 0 && stood.length === 0) return [];
  // A nameless call that was settled by a bill keeps its row, under the same id.
  const now = new Set([...nameless(after).map(({ routing }) => standInId(after.id, routing)), ...standIns(after)]);
  return [...nameless(before).map(({ routing }) => standInId(before.id, routing)), ...stood]
    .filter((id) => !now.has(id));
}

/** Unknown routings whose call has no id; the others are among the attempts. */
function nameless(state: JobState): UnknownRouting[] {
  return state.unknownRoutings.filter((unknown) => unknown.attemptId === null);
}

/** Ids of calls that were booked by a bill and have no name of their own. */
function standIns(state: JobState): string[] {
  return state.attempts.flatMap(({ attempt_id: id }) => (isStandIn(id) ? [id] : []));
}

function attemptRow(state: JobState, attempt: AttemptRecord): AttemptRow {
  return {
    ...common(state),
    attemptId: attempt.attempt_id,
    provider: attempt.provider,
    providerKey: attempt.key,
    model: attempt.model,
    outcome: attempt.outcome,
    errorClass: attempt.error?.class ?? null,
    startedAtMs: attempt.started_at_ms,
    durationMs: attempt.duration_ms,
    inputTokens: attempt.usage?.input_tokens ?? null,
    outputTokens: attempt.usage?.output_tokens ?? null,
    costPicoUsd: attempt.cost_pico_usd,
  };
}

function unknownRow(state: JobState, unknown: UnknownRouting): AttemptRow {
  return {
    ...common(state),
    attemptId: standInId(state.id, unknown.routing),
    provider: unknown.provider,
    providerKey: unknown.key,
    model: unknown.model,
    outcome: 'unknown',
    errorClass: null,
    startedAtMs: null,
    durationMs: null,
    inputTokens: null,
    outputTokens: null,
    costPicoUsd: null,
  };
}

function common(state: JobState): Pick<AttemptRow, 'jobId' | 'tenant' | 'key'> {
  return { jobId: state.id, tenant: state.tenant, key: state.submitted.key };
}
