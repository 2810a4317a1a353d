// The job as clients see it (api.md, section 3). One shape for the API, webhooks and read models.
import type { AttemptOutcome, AttemptRecord } from '@libs/events/attempts';
import type { Usage } from '@libs/events/usage';
import { sumKnownPico, usdFromPico } from '@libs/governance/money';
import { type SeamView, seamsOf } from './continuing';
import type { JobState, JobStatus, UnknownRouting } from './state';
import { isStandIn } from './unknown-calls';

export interface AttemptView {
  readonly provider: string;
  readonly key: string;
  readonly model: string;
  readonly started_at: number | null;
  readonly duration_ms: number | null;
  /** `unknown:<routing>` where a routing was cut and no attempt id was learned. */
  readonly attempt_id: string;
  readonly outcome: AttemptOutcome;
  readonly error: { readonly class: string; readonly status: number | null; readonly message: string } | null;
  readonly usage: Usage | null;
  readonly cost_usd: string | null;
  /** The cost is from the provider's bill, as an operator gave it. */
  readonly reconciled?: true;
}

export interface JobView {
  readonly id: string;
  readonly object: 'job';
  readonly status: JobStatus;
  readonly endpoint: string;
  readonly model: string;
  readonly provider: string | null;
  /** Seconds since the epoch, as OpenAI's API counts. */
  readonly created_at: number;
  readonly settled_at: number | null;
  readonly deadline_at: number;
  readonly attempts: readonly AttemptView[];
  /** Where attempts went on with the answer of a stream that broke; absent: it is of one piece. */
  readonly continued?: readonly SeamView[];
  readonly usage: Usage | null;
  /** Sum over all booked attempts, decimal USD; null when nothing is known yet. */
  readonly cost_usd: string | null;
  readonly error: { readonly class: string; readonly message: string } | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly webhook: { readonly endpoint_id: string; readonly status: 'pending' | 'delivered' | 'exhausted' } | null;
}

export function viewOf(job: JobState): JobView {
  const settled = job.phase === 'settled' ? job : null;
  const cost = sumKnownPico(job.attempts.map((attempt) => attempt.cost_pico_usd));
  return {
    id: job.id,
    object: 'job',
    status: statusOf(job),
    endpoint: job.submitted.call.endpoint,
    model: settled?.model ?? job.submitted.model,
    provider: settled?.provider ?? null,
    created_at: seconds(job.submittedAtMs),
    settled_at: settled === null ? null : seconds(settled.settledAtMs),
    deadline_at: seconds(job.submitted.deadline_at_ms),
    attempts: [
      ...job.attempts.map(attemptView),
      ...job.unknownRoutings.filter((entry) => entry.attemptId === null).map(unknownView),
    ],
    ...(job.continuing === undefined ? {} : { continued: seamsOf(job) }),
    usage: settled?.usage ?? null,
    cost_usd: cost === null ? null : usdFromPico(cost),
    error: errorOf(job),
    metadata: job.submitted.metadata,
    webhook: webhookOf(job),
  };
}

export function statusOf(job: JobState): JobStatus {
  switch (job.phase) {
    case 'waiting': return 'queued';
    case 'deferred': return 'deferred';
    case 'running': return 'running';
    case 'settled': return job.status;
    // Never shown to its caller, who is given the first job instead.
    case 'deduplicated': return 'canceled';
  }
}

function attemptView(attempt: AttemptRecord): AttemptView {
  const { error, cost_pico_usd: cost } = attempt;
  return {
    provider: attempt.provider,
    key: attempt.key,
    model: attempt.model,
    started_at: seconds(attempt.started_at_ms),
    duration_ms: attempt.duration_ms,
    attempt_id: isStandIn(attempt.attempt_id) ? `unknown:${attempt.routing}` : attempt.attempt_id,
    outcome: attempt.outcome,
    error: error === null
      ? null
      : { class: error.class, status: error.status, message: error.message },
    usage: attempt.usage,
    cost_usd: cost === null ? null : usdFromPico(cost),
    ...(attempt.reconciled === undefined ? {} : { reconciled: true }),
  };
}

function unknownView(entry: UnknownRouting): AttemptView {
  return {
    provider: entry.provider,
    key: entry.key,
    model: entry.model,
    started_at: null,
    duration_ms: null,
    attempt_id: `unknown:${entry.routing}`,
    outcome: 'unknown',
    error: null,
    usage: null,
    cost_usd: null,
  };
}

function errorOf(job: JobState): JobView['error'] {
  if (job.phase === 'deduplicated') {
    return { class: 'deduplicated', message: `the same request is job ${job.of}` };
  }
  if (job.phase !== 'settled' || job.error === null) return null;
  return { class: job.error.class, message: job.error.message };
}

/** A job that has a webhook and no outcome yet shows it as pending. */
function webhookOf(job: JobState): JobView['webhook'] {
  const progress = job.phase === 'settled' ? job.webhook : null;
  if (progress !== null) return { endpoint_id: progress.endpointId, status: progress.status };
  const { webhook } = job.submitted;
  return webhook === null ? null : { endpoint_id: webhook.endpoint_id, status: 'pending' };
}

/** OpenAI's API counts whole seconds since the epoch. */
function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1_000);
}
