// Going on with a stream that broke: what the next attempt is given of the answer so far, how its
// deltas join those that the client has, and what is handed back when a stream breaks (again).
import { type AttemptErrorClass } from '@libs/events/attempt-errors';
import { type Catalogue } from '@libs/events/catalogue';
import { type Candidate } from '@libs/events/job-events';
import { type GovernanceState } from '@libs/governance/state';
import { takesPrefix, type TakesPrefix } from '@libs/governance/takes-prefix';
import { answerSoFar, begunAnswer, type BegunAnswer, wholeAnswer }
  from '@libs/surfaces/continuation/answer-so-far';
import { type ContinuedStream, continuedStream, stepContinued }
  from '@libs/surfaces/continuation/continued-stream';
import { mayBeContinued } from '@libs/surfaces/continuation/may-continue';
import { repeatedText } from '@libs/surfaces/continuation/repeated-text';
import { isObject, parseJson } from '@libs/surfaces/json';
import { type Surface, type SurfaceEvent } from '@libs/surfaces/surface';
import { isTrimmed } from '../providers/begun-answer';
import { type UpstreamFailed, type UpstreamTarget } from '../providers/outcome';
import { type ContentDeps, storedContent } from './request-body';
import { type RunningJob } from './running-jobs';
import { type Continuation, type Walked } from './walk-end';

type Routed = Catalogue['JobRouted'];

/** The answer that a routing goes on with. */
export class ContinuedAnswer {
  #stream: ContinuedStream | null = null;

  constructor(
    readonly stream: string, readonly begun: BegunAnswer, private readonly surface: Surface,
  ) {}

  /** How this candidate is asked to go on; null: it cannot be (any more). */
  wayOf(candidate: Candidate, governance: GovernanceState): TakesPrefix | null {
    const provider = governance.providers.get(candidate.provider);
    return provider === undefined ? null : takesPrefix(provider, candidate.model);
  }

  /** A call begins: what it says joins what the client has. */
  start(takes: TakesPrefix): void {
    const { text } = this.begun;
    const how = { echoes: takes.echoes, trimmed: isTrimmed(takes) };
    this.#stream = continuedStream(this.surface, this.begun, repeatedText(text, how));
  }

  /** What of the call's event is to go to the client. */
  next(event: SurfaceEvent): readonly SurfaceEvent[] {
    return this.#stream === null ? [] : stepContinued(this.#stream, event);
  }

  /** `body`: the complete answer of the call alone. */
  whole(body: string): string {
    const last = parseJson(body);
    if (this.#stream === null || !isObject(last)) return body;
    return JSON.stringify(wholeAnswer(this.surface, this.begun.answer, last, this.#stream.text));
  }
}

export function targetFor(target: UpstreamTarget, takes: TakesPrefix): UpstreamTarget {
  return takes.baseUrl === null ? target : { ...target, baseUrl: takes.baseUrl };
}

/** Its configuration has changed since it was planned. */
export function cannotGoOn({ provider }: Candidate): UpstreamFailed {
  return {
    kind: 'failed', class: 'connect_failed', status: null,
    message: `Provider ${provider} cannot go on with an answer any more.`,
    body: null, mayHaveCost: false, retryAfterMs: null, usage: null, contentSent: false,
  };
}

/**
 * Reads back what a routing goes on with; null: it is gone, or no answer of plain text.
 * @throws Fault content_erased
 */
export async function readContinued(
  deps: ContentDeps, { call }: Routed, continues: NonNullable<Routed['continues']>,
  givenUp: () => boolean,
): Promise<ContinuedAnswer | null> {
  const { stream, answer: ref, at } = continues;
  const text = await storedContent(deps, { ref, at }, givenUp);
  const answer = text === null ? undefined : parseJson(text);
  const begun = isObject(answer) ? begunAnswer(call.surface, answer) : null;
  return begun === null ? null : new ContinuedAnswer(stream, begun, call.surface);
}

/** The end as the routing's own: with the whole answer, or with what can be gone on with. */
export function endOfContinued(
  walked: Walked, job: RunningJob, continued: ContinuedAnswer | null, body: Uint8Array,
): Walked {
  const { end } = walked;
  const stream = continued === null ? {} : { stream: continued.stream };
  if (end.kind === 'succeeded' && continued !== null) {
    const answer = { ...end.answer, body: continued.whole(end.answer.body) };
    return { ...walked, ...stream, end: { ...end, answer } };
  }
  if (end.kind !== 'abandoned' || !end.contentSent) return { ...walked, ...stream };
  const continuation = job.routed.continue_on_break === true && isABreak(end.attempt.error?.class)
    ? continuationOf(job, continued, body)
    : null;
  return { ...walked, ...stream, end: continuation === null ? end : { ...end, continuation } };
}

function continuationOf(
  job: RunningJob, continued: ContinuedAnswer | null, body: Uint8Array,
): Continuation | null {
  const { call } = job.routed;
  if (job.attempt === null || !call.stream) return null;
  const request = parseJson(Buffer.from(body).toString('utf8'));
  if (!isObject(request) || !mayBeContinued(call.endpoint, request)) return null;
  const begun = answerSoFar(call.surface, continued?.begun.answer ?? null, job.ownDeltas());
  if (begun === null) return null;
  return {
    stream: job.attempt, nextIndex: job.nextIndex, answer: JSON.stringify(begun.answer),
    chars: begun.text.length,
  };
}

/** Of the ways to fail behind content, those that say nothing against the text or the request. */
function isABreak(errorClass: AttemptErrorClass | undefined): boolean {
  switch (errorClass) {
    case 'connection_lost': case 'stalled': case 'total_timeout': case 'overloaded':
    case 'server_error': case 'rate_limited': case 'quota_exhausted': case 'unknown':
      return true;
    case undefined: case 'connect_failed': case 'first_token_timeout': case 'malformed_response':
    case 'credentials_rejected': case 'invalid_request': case 'model_not_found':
    case 'context_too_long': case 'content_filtered': case 'content_erased': case 'canceled':
      return false;
  }
}
