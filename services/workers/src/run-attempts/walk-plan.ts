// Walks a routing's plan: one candidate after another until an end. Everything it touches is given
// as functions, so that the rules can be tried with a scripted provider.
import { type AttemptRecord } from '@libs/events/attempts';
import { type Catalogue } from '@libs/events/catalogue';
import { type Candidate } from '@libs/events/job-events';
import { type UpstreamFailed, type UpstreamOutcome } from '../providers/outcome';
import { type AttemptStart, attemptRecord } from '../shared/attempt-record';
import { consequenceOf, type IsClosed, pickCandidate, remainingAfter } from './pick-candidate';
import {
  type ClientsError, type PlanErrors, type StopReason, type Walked, type WalkEnd,
} from './walk-end';

export interface WalkPorts {
  readonly now: () => number;
  readonly newAttemptId: () => string;
  readonly isClosed: IsClosed;
  /** Why to stop now, null to go on. */
  readonly stopReason: () => StopReason | null;
  /** Calls the provider (or says without a call why it cannot be called). */
  readonly call: (candidate: Candidate, attemptId: string) => Promise<UpstreamOutcome>;
  /** A failure that cost nothing, after which the walk goes on at once. */
  readonly onFailed: (attempt: AttemptRecord) => void;
}

type Routed = Catalogue['JobRouted'];

/** What the walk knows so far. */
interface Progress {
  readonly attempts: AttemptRecord[];
  readonly errors: PlanErrors[number][];
  remaining: readonly Candidate[];
  /** Fallback lists by class of error that were taken already. */
  readonly taken: Set<keyof Routed['fallbacks_by_class']>;
  /** The error to give the client when nothing else is left. */
  clientsError: ClientsError | null;
}

export async function walkPlan(routed: Routed, ports: WalkPorts): Promise<Walked> {
  const progress: Progress = {
    attempts: [], errors: [], remaining: routed.plan, taken: new Set(), clientsError: null,
  };
  for (;;) {
    const why = ports.stopReason();
    if (why !== null) return { end: { kind: 'stopped', why }, attempts: progress.attempts };
    const candidate = pickCandidate(progress.remaining, ports.isClosed);
    if (candidate === null) return { end: nothingLeft(progress), attempts: progress.attempts };
    const end = await tryCandidate(candidate, routed, progress, ports);
    if (end !== null) return { end, attempts: progress.attempts };
  }
}

/** null: the walk goes on with what remains. */
async function tryCandidate(
  candidate: Candidate, routed: Routed, progress: Progress, ports: WalkPorts,
): Promise<WalkEnd | null> {
  const start: AttemptStart = {
    attemptId: ports.newAttemptId(), routing: routed.routing, candidate, startedAtMs: ports.now(),
  };
  const outcome = await ports.call(candidate, start.attemptId);
  const why = outcome.kind === 'succeeded' ? null : ports.stopReason();
  const attempt = attemptRecord(start, outcome, ports.now(), why !== null);
  progress.attempts.push(attempt);
  if (outcome.kind === 'succeeded') return { kind: 'succeeded', candidate, answer: outcome };
  if (why !== null) return { kind: 'stopped', why };
  return afterFailure(outcome, attempt, { candidate, routed, progress, ports });
}

interface Circumstances {
  readonly candidate: Candidate;
  readonly routed: Routed;
  readonly progress: Progress;
  readonly ports: WalkPorts;
}

function afterFailure(
  failed: UpstreamFailed, attempt: AttemptRecord, around: Circumstances,
): WalkEnd | null {
  const { candidate, progress, ports } = around;
  const consequence = consequenceOf(failed.class);
  if (consequence === 'clients_own_error') return { kind: 'refused', ...clientsError(failed) };
  if (failed.mayHaveCost) {
    return { kind: 'abandoned', attempt, contentSent: failed.contentSent };
  }
  ports.onFailed(attempt);
  progress.errors.push({
    provider: candidate.provider,
    key: candidate.key,
    model: candidate.model,
    error: { class: failed.class, status: failed.status, message: failed.message },
    retry_after_ms: failed.retryAfterMs,
  });
  if (consequence === 'class_fallback') takeClassFallback(failed, around);
  else progress.remaining = remainingAfter(progress.remaining, candidate, failed.class);
  if (failed.class === 'model_not_found') progress.clientsError ??= clientsError(failed);
  return null;
}

/** The rest of the plan would fail for the same reason: its own list takes the plan's place. */
function takeClassFallback(failed: UpstreamFailed, { candidate, routed, progress }: Circumstances): void {
  progress.clientsError = clientsError(failed);
  const list = failed.class === 'context_too_long' ? failed.class : 'content_filtered';
  if (progress.taken.has(list)) {
    progress.remaining = remainingAfter(progress.remaining, candidate, failed.class);
    return;
  }
  progress.taken.add(list);
  progress.remaining = routed.fallbacks_by_class[list].filter(
    (one) => one.provider !== candidate.provider || one.model !== candidate.model,
  );
}

/** The client's own error if that is what ended the plan, else the plan is exhausted. */
function nothingLeft({ clientsError: own, errors, taken }: Progress): WalkEnd {
  const allUnknownModels = errors.every(({ error }) => error.class === 'model_not_found');
  if (own !== null && (taken.size > 0 || allUnknownModels)) return { kind: 'refused', ...own };
  return { kind: 'exhausted', errors };
}

function clientsError(failed: UpstreamFailed): ClientsError {
  const { class: errorClass, status, message, body } = failed;
  return { error: { class: errorClass, status, message }, body };
}
