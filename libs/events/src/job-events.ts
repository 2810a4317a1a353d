// Facts of a job's life, by writer: ingress, the partition's owner (router), workers.
import { z } from 'zod';
import { alertType } from './alert-events';
import { attemptError } from './attempt-errors';
import { attemptRecord } from './attempts';
import { contentRef, linePosition } from './content';
import { limitMet, rateLeft, reservedAmounts } from './limits';
import { strategy } from './routing-policy';
import { amountPicoUsd, price, usage } from './usage';

export const surface = z.enum(['openai', 'anthropic']);
export type Surface = z.infer<typeof surface>;

export const priority = z.enum(['interactive', 'normal', 'batch']);
export type Priority = z.infer<typeof priority>;

/** `sync`: a caller waits for one body; `stream`: a caller waits for SSE; `async`: nobody waits. */
export const mode = z.enum(['sync', 'stream', 'async']);
export type Mode = z.infer<typeof mode>;

/** What a worker must know of the request besides its body; repeated in `JobRouted`. */
export const call = z.object({
  surface,
  /** Path under /v1, e.g. `/v1/chat/completions`. */
  endpoint: z.string(),
  /** Deltas are wanted (SSE). An async job may want them too: `GET /v1/jobs/{id}/stream`. */
  stream: z.boolean(),
  /** The client asked for the usage chunk in its stream. */
  stream_usage: z.boolean(),
  /** Ingress instance that waits, null when nobody does. */
  reply_to: z.string().nullable(),
  /** Headers passed on: anthropic-version, anthropic-beta, openai-beta, traceparent. */
  headers: z.record(z.string(), z.string()),
});
export type Call = z.infer<typeof call>;

export const jobSubmitted = z.object({
  call,
  mode,
  /** As the client named it: route, `provider/model` or bare model name. */
  model: z.string(),
  body: contentRef,
  /** Virtual key, team: who may see the job. The envelope's tenant is the customer. */
  key: z.string(),
  team: z.string().nullable(),
  priority,
  deadline_at_ms: z.number().int(),
  run_at_ms: z.number().int().nullable(),
  on_disconnect: z.enum(['cancel', 'continue']),
  idempotency: z.object({ key: z.string(), body_sha256: z.string() }).nullable(),
  /** Endpoint id; an ad-hoc URL was registered as an endpoint before. */
  webhook: z.object({ endpoint_id: z.string() }).nullable(),
  metadata: z.record(z.string(), z.string()),
  /** Whom its content is about, by a keyed hash; absent: its content is not sealed. */
  data_subject: z.string().optional(),
  /** Extra targets for this request, `provider/model`. */
  fallbacks: z.array(z.string()),
  /** Capabilities the target must have (names of libs/surfaces). */
  needs: z.array(z.string()),
  prompt_tokens_estimate: z.number().int(),
  max_output_tokens: z.number().int().nullable(),
  /** Answers to one prompt, each of that length at most; absent: one. */
  answers: z.number().int().positive().optional(),
  /** Header `holdfast-session`: requests of one session stay at one target while it is healthy. */
  session: z.string().optional(),
  /** What conditions of routes may ask about the request, where any route has conditions. */
  facts: z.object({
    request: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    headers: z.record(z.string(), z.string()),
  }).optional(),
  /** Over a budget it waits for the next window, instead of being refused. Jobs nobody waits for. */
  over_budget: z.literal('wait').optional(),
  /** Set when this submission redrives a dead letter. */
  redrive_of: z.string().optional(),
});

export const jobCancelRequested = z.object({
  by: z.enum(['client', 'disconnect', 'admin']),
  reason: z.string().nullable(),
});

export const routerElected = z.object({
  partition: z.number().int(),
  router: z.string(),
  epoch: z.number().int(),
});

export const candidate = z.object({
  provider: z.string(),
  key: z.string(),
  model: z.string(),
  /** The price it will be booked at, null when unknown. */
  price: price.nullable(),
  /** Parameters dropped for this target (route option `drop_params`). */
  drop: z.array(z.string()),
});
export type Candidate = z.infer<typeof candidate>;

/** Health of a candidate at the moment of a decision (libs/routing/health). */
export const candidateHealth = z.enum([
  'healthy', 'degraded', 'half_open', 'open', 'disabled', 'cooling', 'saturated', 'paced',
]);
export type CandidateHealth = z.infer<typeof candidateHealth>;

/** Why a candidate is where it is in the plan, or not in it. */
export const routingReason = z.object({
  provider: z.string(),
  key: z.string().nullable(),
  model: z.string(),
  verdict: z.enum(['chosen', 'fallback', 'passed_over']),
  reason: z.string(),
  /** Absent: it was not looked at, since it cannot serve the request; or it is healthy. */
  health: candidateHealth.optional(),
  /** What its strategy compared, in the strategy's unit; absent where nothing was compared. */
  score: z.number().optional(),
});
export type RoutingReason = z.infer<typeof routingReason>;

/** What the client of a broken stream has. */
const brokenStream = {
  /** The attempt under whose id the client gets its deltas, and the index of the next one. */
  stream: z.string(),
  next_index: z.number().int(),
  /** The answer so far as JSON, as it would have come without streaming. */
  answer: contentRef,
};

export const jobRouted = z.object({
  /** 1 for the first routing of the job, then counting up. */
  routing: z.number().int(),
  call,
  plan: z.array(candidate).min(1),
  /** Further candidates by class of error, tried after a plan entry failed so. */
  fallbacks_by_class: z.object({
    context_too_long: z.array(candidate),
    content_filtered: z.array(candidate),
  }),
  hold: z.object({ amount_pico_usd: amountPicoUsd }).nullable(),
  /** Output tokens it was held for, where the request names no `max_tokens`. */
  output_estimate: z.number().int().optional(),
  deadline_at_ms: z.number().int(),
  /** Last sequence folded when this was decided; with `now_ms` and `seed` it can be made again. */
  seen: z.number().int(),
  now_ms: z.number().int(),
  seed: z.number().int(),
  reasons: z.array(routingReason),
  /** How the first one was chosen among the able ones. Absent: by weight. */
  strategy: strategy.optional(),
  /** The rule of the route whose condition was met. */
  rule: z.string().optional(),
  /**
   * Decisions of this router that were made and not folded yet, as far as this one depended on them:
   * calls by `provider/key` and by `provider:model`. Fold, overlay, time and seed make it again.
   */
  overlay: z.record(z.string(), z.number().int()).optional(),
  /** The same for accounts of the ledger that bound this job. */
  reserved: reservedAmounts.optional(),
  /** For the headers of the answer; absent: no rate limit bounds it. */
  rates: z.array(rateLeft).optional(),
  /** A second call may start when the first has no content after so many ms. */
  hedge: z.object({ after_ms: z.number().int(), candidate: z.number().int() }).optional(),
  /** Bounds of this route on the walk through the plan. */
  retries: z.object({ same_target: z.number().int(), attempts_max: z.number().int() }).optional(),
  /** A stream of plain text that breaks is handed back to be gone on with. */
  continue_on_break: z.literal(true).optional(),
  /** Goes on with an answer that broke; its text stands in the commit at `at`. */
  continues: z.object({ ...brokenStream, at: linePosition }).optional(),
  /** Last sequence of events.governance the decision saw: workers wait until they have it too. */
  governance_sequence: z.number().int(),
  submission: linePosition,
  /** `where: line` if the body is repeated in this commit, else read at `submission`. */
  body: contentRef,
});

export const jobDeferred = z.object({
  until_ms: z.number().int(),
  reason: z.string(),
  seen: z.number().int(),
  now_ms: z.number().int(),
  /** Times this job was deferred after an exhausted plan; the delay grows with it. */
  count: z.number().int(),
  /** As in `JobRouted`, where the decision depended on it. */
  reserved: reservedAmounts.optional(),
});

export const jobDeduplicated = z.object({ of: z.string() });

export const webhookDue = z.object({
  /** Stable over retries and redeliveries: the `webhook-id`. */
  delivery: z.string(),
  endpoint_id: z.string(),
  /** 1 for the first try. */
  try: z.number().int(),
  event_type: z.union([
    z.enum(['job.succeeded', 'job.failed', 'job.canceled', 'job.expired', 'test']), alertType,
  ]),
  /** The job as clients see it (api.md section 3), without its result. Of an alert: empty. */
  job: z.record(z.string(), z.unknown()),
  /** The job's terminal event, where its result is found; of an alert, its `AlertRaised`. */
  terminal: linePosition,
  /** The alert as receivers see it; then the envelope's subject is the alert's id. */
  alert: z.record(z.string(), z.unknown()).optional(),
});

/** The router ends the job as failed: refused, plan exhausted for a waiting caller, dead letter. */
export const jobRejected = z.object({
  reason: z.enum([
    'no_such_model', 'no_candidate', 'all_candidates_failed', 'idempotency_mismatch',
    'dead_letter', 'budget_exceeded', 'not_allowed', 'rate_limited', 'price_unknown',
  ]),
  /** HTTP status for a waiting caller. */
  status: z.number().int(),
  message: z.string(),
  /** Last error by candidate, for the 503. */
  errors: z.array(z.object({ provider: z.string(), model: z.string(), error: attemptError })),
  retry_after_s: z.number().int().nullable(),
  reasons: z.array(routingReason).optional(),
  /** The budget or rate that stood in the way. */
  limit: limitMet.optional(),
  /** As in `JobRouted`. */
  rates: z.array(rateLeft).optional(),
});

export const jobCanceled = z.object({
  by: z.enum(['client', 'disconnect', 'admin']),
  /** Attempts of the running routing, when a worker ended it. */
  routing: z.number().int().nullable(),
  attempts: z.array(attemptRecord),
});

export const jobExpired = z.object({
  routing: z.number().int().nullable(),
  attempts: z.array(attemptRecord),
});

export const attemptFailed = z.object({ attempt: attemptRecord });

/** The end of this routing is not known: its call may have run. The router plans again. */
export const attemptAbandoned = z.object({
  routing: z.number().int(),
  /** null when the worker never saw the call (a redelivery of a dead worker's commit). */
  attempt: attemptRecord.nullable(),
  reason: z.enum(['redelivered', 'first_token_timeout', 'stalled', 'total_timeout', 'connection_lost', 'malformed_response', 'unknown']),
  /** Content had reached a streaming client: it gets an error event, the job fails for it. */
  content_sent: z.boolean(),
  /** The stream can be gone on with from here: its client was told of no error. */
  continuation: z.object({
    ...brokenStream,
    /** Length of the text so far. */
    chars: z.number().int(),
  }).optional(),
});

/** A call that no job asked for: whether an idle or open target answers. Costs what it says. */
export const providerProbed = z.object({ attempt: attemptRecord });

export const attemptReturned = z.object({ routing: z.number().int(), reason: z.string() });

export const planExhausted = z.object({
  routing: z.number().int(),
  errors: z.array(z.object({ provider: z.string(), key: z.string(), model: z.string(), error: attemptError, retry_after_ms: z.number().int().nullable() })),
});

export const jobSucceeded = z.object({
  routing: z.number().int(),
  /** Every attempt of this routing; the last one is the one that answered. */
  attempts: z.array(attemptRecord),
  provider: z.string(),
  model: z.string(),
  usage: usage.nullable(),
  cost_pico_usd: amountPicoUsd.nullable(),
  /** HTTP status of the answer. */
  status: z.number().int(),
  /** The whole answer in the client's surface, not streamed. */
  result: contentRef,
  dropped_params: z.array(z.string()),
  /** A continued stream reached its client under this attempt's id; absent: under the last one's. */
  stream: z.string().optional(),
});

export const jobFailed = z.object({
  routing: z.number().int(),
  attempts: z.array(attemptRecord),
  error: attemptError,
  /** HTTP status for the caller. */
  status: z.number().int(),
  /** The error body in the client's surface, where the provider gave one. */
  result: contentRef.nullable(),
});
