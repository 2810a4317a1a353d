// Turns refusals, faults and outcomes into HTTP answers of the client's surface.
import { type FastifyReply } from 'fastify';
import { isFault } from '@libs/faults/faults';
import { usdFromPico } from '@libs/governance/money';
import { type LimitMet, type RateLeft } from '@libs/events/limits';
import { surfaceError } from '@libs/surfaces/errors';
import { type Surface } from '@libs/surfaces/surface';
import { type Logger } from '@libs/telemetry/logger';
import { noteTold } from './asking';
import { type Outcome } from './outcome';
import { rateHeaders, withLimitMet } from './rate-headers';
import { type HttpRefusal, refusal, refusalOfFault } from './refusal';

export type Headers = Record<string, string>;

/** Names of the job, for us and for both SDKs. */
export function jobHeaders(job: string): Headers {
  return { 'holdfast-job-id': job, 'x-request-id': job, 'request-id': job };
}

export function sendJson(reply: FastifyReply, status: number, value: unknown): void {
  void reply.code(status).type('application/json').send(JSON.stringify(value));
}

/** Whatever the answer will be: the request went on without the secrets that were in it. */
export function sayMasked(reply: FastifyReply, { masked }: { readonly masked: number }): void {
  if (masked > 0) void reply.header('holdfast-masked', String(masked));
}

export function sendRefusal(
  reply: FastifyReply, surface: Surface, refused: HttpRefusal,
): void {
  const { status, code, message, jobId } = refused;
  const headers: Headers = jobId === undefined ? {} : jobHeaders(jobId);
  const retryAfterS = refused.retryAfterS ?? (status === 429 ? retryAfterFailedS : undefined);
  if (retryAfterS !== undefined) headers['retry-after'] = String(retryAfterS);
  if (refused.shouldRetry !== undefined) headers['x-should-retry'] = String(refused.shouldRetry);
  const body = surfaceError(surface, {
    status, code, message, param: refused.param ?? null, jobId: jobId ?? null,
  });
  void reply.code(status).headers(headers).type('application/json').send(body);
}

/** On whatever answer follows. */
export function tellClamped(reply: FastifyReply, clamped: readonly string[]): void {
  if (clamped.length > 0) void reply.header('holdfast-clamped-params', clamped.join(', '));
}

/** A fault as its caller may know it; anything else is our bug: logged, and a plain 500. */
export function refusalOfError(error: unknown, logger: Logger): HttpRefusal {
  if (isFault(error)) {
    logger[error.rule.logLevel]({ err: error, code: error.code }, 'request met a fault');
    return refusalOfFault(error);
  }
  logger.error({ err: error }, 'request met a bug');
  return refusal(500, 'internal_error', 'Something went wrong on our side.');
}

export interface OutcomeFlags {
  readonly replayed: boolean;
  /** The caller waited for it: what it says of rate limits is of now. */
  readonly isAwaited?: boolean;
}

/** The answer exactly as the provider gave it, or the error in the client's surface. */
export function sendOutcome(
  reply: FastifyReply, surface: Surface, outcome: Outcome, flags: OutcomeFlags,
): void {
  const headers = outcomeHeaders(outcome, flags);
  const rates = outcomeRates(outcome, flags);
  if (rates.length > 0) {
    noteTold(reply.request);
    Object.assign(headers, rateHeaders(surface, rates, Date.now()));
  }
  void reply.code(outcome.httpStatus).headers(headers).type('application/json')
    .send(outcome.body ?? errorBody(surface, outcome));
}

function outcomeRates(
  { rates = [], limit, retryAfterS }: Outcome, flags: OutcomeFlags,
): readonly RateLeft[] {
  if (flags.isAwaited !== true || flags.replayed) return [];
  return limit === undefined || retryAfterS === null ? rates
    : withLimitMet(rates, limit, Date.now() + retryAfterS * 1_000);
}

export function errorBody(surface: Surface, outcome: Outcome): string {
  return surfaceError(surface, errorFields(outcome));
}

export function errorFields(outcome: Outcome) {
  return {
    status: outcome.httpStatus,
    code: outcome.error?.class ?? outcome.status,
    message: outcome.error?.message ?? `The job ended as ${outcome.status}.`,
    jobId: outcome.job,
  };
}

export function outcomeHeaders(outcome: Outcome, { replayed }: OutcomeFlags): Headers {
  const headers = jobHeaders(outcome.job);
  if (outcome.provider !== null) headers['holdfast-provider'] = printable(outcome.provider);
  if (outcome.model !== null) headers['holdfast-model'] = printable(outcome.model);
  headers['holdfast-attempts'] = String(outcome.attempts);
  if (outcome.costPicoUsd !== null) headers['holdfast-cost-usd'] = usdFromPico(outcome.costPicoUsd);
  if (outcome.droppedParams.length > 0) {
    headers['holdfast-dropped-params'] = printable(outcome.droppedParams.join(', '));
  }
  if (replayed) headers['idempotent-replayed'] = 'true';
  const ownRetry = neverRetried(outcome);
  if (ownRetry) headers['x-should-retry'] = 'false';
  if (outcome.retryAfterS !== null) headers['retry-after'] = String(outcome.retryAfterS);
  else if (outcome.httpStatus === 503) headers['retry-after'] = String(retryAfterFailedS);
  else if (outcome.httpStatus === 429) headers['retry-after'] = String(emptyAfterS(outcome));
  return headers;
}

/** Of a request that is larger than the whole limit: then all of the limit would be there. */
function emptyAfterS({ limit }: Outcome): number {
  return limit === undefined ? retryAfterFailedS : windowS[limit.window] ?? retryAfterFailedS;
}

const windowS: Readonly<Partial<Record<LimitMet['window'], number>>> = {
  minute: 60, hour: 3_600, day: 86_400,
};

/** Every candidate failed a moment ago: the usual cooling time of a key. */
const retryAfterFailedS = 5;

/** The SDKs would run the job, and pay, once more. */
function neverRetried(outcome: Outcome): boolean {
  const { httpStatus, limit, retryAfterS } = outcome;
  const neverFits = httpStatus === 429 && limit !== undefined && retryAfterS === null;
  return httpStatus === 504 || httpStatus === 409 || httpStatus === 503 || neverFits;
}

/** Header values take visible ASCII only. */
export function printable(value: string): string {
  return /^[\x20-\x7e]*$/.test(value) ? value : encodeURIComponent(value);
}
