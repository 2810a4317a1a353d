// Walks a routing's plan: one candidate after another until an end. Everything it touches is given
// as functions, so that the rules can be tried with a scripted provider.
import { type AttemptRecord } from '@libs/events/attempts';
import { type Catalogue } from '@libs/events/catalogue';
import { type Candidate } from '@libs/events/job-events';
import { type UpstreamFailed } from '../providers/outcome';
import { endedCall, type EndedCall, type FailedCall, isFailed } from './ended-call';
import { hedgedCall } from './hedged-call';
import { consequenceOf, pickCandidate, remainingAfter } from './pick-candidate';
import { callsAt, isOfAMoment, isSame, pauseBeforeMs } from './same-target';
import { type ClientsError, type PlanErrors, type Walked, type WalkEnd } from './walk-end';
import { type WalkPorts } from './walk-ports';

type Routed = Catalogue['JobRouted'];

/** What the walk knows so far. */
interface Progress {
  readonly attempts: AttemptRecord[];
  /** The last word of each candidate. */
  errors: PlanErrors;
  remaining: readonly Candidate[];
  /** To be called once more before any other. */
  again: Candidate | null;
  /** Fallback lists by class of error that were taken already. */
  readonly taken: Set<keyof Routed['fallbacks_by_class']>;
  /** The error to give the client when nothing else is left. */
  clientsError: ClientsError | null;
}

interface Circumstances {
  readonly routed: Routed;
  readonly progress: Progress;
  readonly ports: WalkPorts;
}

export async function walkPlan(routed: Routed, ports: WalkPorts): Promise<Walked> {
  const progress: Progress = {
    attempts: [], errors: [], remaining: routed.plan, again: null, taken: new Set(),
    clientsError: null,
  };
  const around = { routed, progress, ports };
  for (;;) {
    const why = ports.stopReason();
    if (why !== null) return { end: { kind: 'stopped', why }, attempts: progress.attempts };
    const candidate = nextCandidate(around);
    if (candidate === null) return { end: nothingLeft(progress), attempts: progress.attempts };
    const end = await tryCandidate(candidate, around);
    if (end !== null) return { end, attempts: progress.attempts };
  }
}

function nextCandidate({ routed, progress, ports }: Circumstances): Candidate | null {
  if (callsLeft(routed, progress) === 0) return null;
  const { again } = progress;
  progress.again = null;
  return again ?? pickCandidate(progress.remaining, ports.isClosed);
}

function callsLeft({ retries }: Routed, { attempts }: Progress): number {
  return Math.max(0, (retries?.attempts_max ?? Infinity) - attempts.length);
}

/** null: the walk goes on with what remains. */
async function tryCandidate(candidate: Candidate, around: Circumstances): Promise<WalkEnd | null> {
  const { progress } = around;
  const calls = await callsOf(candidate, around);
  for (const { attempt } of calls) progress.attempts.push(attempt);
  const last = calls.at(-1);
  if (last?.outcome.kind === 'succeeded') {
    return { kind: 'succeeded', candidate: last.candidate, answer: last.outcome };
  }
  const stopped = calls.find(({ why }) => why !== null);
  if (stopped?.why != null) return { kind: 'stopped', why: stopped.why };
  const end = endBy(calls, around);
  if (end !== null) return end;
  for (const call of calls.filter(isFailed)) noteFailure(call, around);
  // After a pair both are done with: it has taken its time.
  const [only, second] = calls.filter(isFailed);
  if (only !== undefined && second === undefined) await considerAgain(only, around);
  return null;
}

/** One call, or a pair of them. */
async function callsOf(
  candidate: Candidate, { routed, progress, ports }: Circumstances,
): Promise<readonly EndedCall[]> {
  const { routing, hedge } = routed;
  const second = hedge === undefined ? undefined : routed.plan[hedge.candidate];
  const isFirst = progress.attempts.length === 0;
  if (hedge !== undefined && second !== undefined && second !== candidate
    && isFirst && callsLeft(routed, progress) > 1) {
    const isStreamed = routed.call.stream;
    return hedgedCall({ routing, first: candidate, second, isStreamed, afterMs: hedge.after_ms }, ports);
  }
  const attemptId = ports.newAttemptId();
  const start = { attemptId, routing, candidate, startedAtMs: ports.now() };
  const outcome = await ports.call({ candidate, attemptId, beside: null });
  return [endedCall(start, outcome, ports)];
}

/** The failure that ends the walk, if there is one: the client's own error, or one that may cost. */
function endBy(calls: readonly EndedCall[], { routed, ports }: Circumstances): WalkEnd | null {
  const failed = calls.filter(isFailed);
  const withContent = failed.filter(({ outcome }) => outcome.contentSent);
  const deciding = withContent.length > 0 ? withContent : failed;
  const refused = deciding.find(isClientsOwn);
  // What refuses a begun answer refuses what we made of the request: the next one may take it.
  if (refused !== undefined && routed.continues === undefined) return { kind: 'refused', ...clientsError(refused.outcome) };
  const costly = deciding.findLast(({ outcome }) => outcome.mayHaveCost);
  return costly === undefined ? null : abandoned(costly, calls, ports);
}

function isClientsOwn({ outcome }: FailedCall): boolean {
  return consequenceOf(outcome.class) === 'clients_own_error';
}

/** The event names one call: what is known of the other is written down beside it. */
function abandoned(
  { attempt, outcome }: FailedCall, calls: readonly EndedCall[], ports: WalkPorts,
): WalkEnd {
  for (const call of calls) {
    if (call.attempt !== attempt && !call.isTold) ports.onFailed(call.attempt);
  }
  return { kind: 'abandoned', attempt, contentSent: outcome.contentSent };
}

/** A failure that cost nothing. */
function noteFailure(call: FailedCall, around: Circumstances): void {
  const { candidate, outcome: failed, attempt, isTold } = call;
  const { progress, ports } = around;
  if (!isTold) ports.onFailed(attempt);
  const { provider, key, model } = candidate;
  const error = { class: failed.class, status: failed.status, message: failed.message };
  progress.errors = [
    ...progress.errors.filter((one) => !isSame(one, candidate)),
    { provider, key, model, error, retry_after_ms: failed.retryAfterMs },
  ];
  if (consequenceOf(failed.class) === 'class_fallback') takeClassFallback(call, around);
  else progress.remaining = remainingAfter(progress.remaining, candidate, failed.class);
  if (failed.class === 'model_not_found') progress.clientsError ??= clientsError(failed);
}

/** Calls the candidate again where its route allows it, it may be of use, and nobody says closed. */
async function considerAgain(
  { candidate, outcome }: FailedCall, { routed, progress, ports }: Circumstances,
): Promise<void> {
  const calls = callsAt(progress.attempts, candidate);
  if (calls > (routed.retries?.same_target ?? 0) || callsLeft(routed, progress) === 0) return;
  if (!isOfAMoment(outcome) || ports.isClosed(candidate)) return;
  await ports.pause(pauseBeforeMs(calls, routed.seed));
  if (!ports.isClosed(candidate)) progress.again = candidate;
}

/** The rest of the plan would fail for the same reason: its own list takes the plan's place. */
function takeClassFallback(
  { candidate, outcome: failed }: FailedCall, { routed, progress }: Circumstances,
): void {
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
