// Makes the log's record of one provider call from what the call came to.
import { type AttemptOutcome, type AttemptRecord, type RateLimitSeen } from '@libs/events/attempts';
import { type Candidate } from '@libs/events/job-events';
import { costOf } from '@libs/governance/cost';
import { type RateLimit, type UpstreamOutcome } from '../providers/outcome';

/** What was known when the call began. */
export interface AttemptStart {
  readonly attemptId: string;
  readonly routing: number;
  readonly candidate: Candidate;
  readonly startedAtMs: number;
  /** It is the second call beside a late one. */
  readonly isHedge?: boolean;
}

/** `stopped`: the call was ended by us (cancel, deadline, another one that answers). */
export function attemptRecord(
  start: AttemptStart, outcome: UpstreamOutcome, endedAtMs: number, stopped: boolean,
): AttemptRecord {
  const { candidate } = start;
  const failed = outcome.kind === 'failed' ? outcome : null;
  const firstTokenMs = outcome.kind === 'succeeded' ? outcome.firstTokenMs : null;
  return {
    attempt_id: start.attemptId,
    routing: start.routing,
    provider: candidate.provider,
    key: candidate.key,
    model: candidate.model,
    started_at_ms: start.startedAtMs,
    duration_ms: Math.max(0, Math.round(endedAtMs - start.startedAtMs)),
    first_token_ms: firstTokenMs === null ? null : Math.round(firstTokenMs),
    outcome: outcomeOf(outcome, stopped),
    error: failed && { class: failed.class, status: failed.status, message: failed.message },
    retry_after_ms: failed?.retryAfterMs ?? null,
    usage: outcome.usage,
    // null when usage or price is not known: unknown is never 0.
    cost_pico_usd: costOf(outcome.usage, candidate.price),
    ...(outcome.rateLimit === undefined ? {} : { rate_limit: seen(outcome.rateLimit) }),
    ...(start.isHedge === true ? { hedge: true as const } : {}),
  };
}

function seen(limit: RateLimit): RateLimitSeen {
  return {
    requests_limit: limit.requestsLimit,
    requests_remaining: limit.requestsRemaining,
    requests_reset_ms: wholeMs(limit.requestsResetMs),
    tokens_limit: limit.tokensLimit,
    tokens_remaining: limit.tokensRemaining,
    tokens_reset_ms: wholeMs(limit.tokensResetMs),
  };
}

function wholeMs(ms: number | null): number | null {
  return ms === null ? null : Math.ceil(ms);
}

/**
 * A call that broke and may have cost is unknown; one that we ended only if its usage is. One that
 * answered when another had answered already was of no use: it only cost.
 */
function outcomeOf(outcome: UpstreamOutcome, stopped: boolean): AttemptOutcome {
  const answered = outcome.kind === 'succeeded';
  if (!stopped && answered) return 'succeeded';
  const mayHaveCost = answered || outcome.mayHaveCost;
  if (!stopped) return mayHaveCost ? 'unknown' : 'failed';
  return mayHaveCost && outcome.usage === null ? 'unknown' : 'canceled';
}
