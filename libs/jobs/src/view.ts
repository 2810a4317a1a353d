// The job as clients see it (api.md, section 3). One shape for the API, webhooks and read models.
import type { AttemptOutcome } from '@libs/events/attempts';
import type { Usage } from '@libs/events/usage';
import type { JobStatus } from './state';

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
  readonly usage: Usage | null;
  /** Sum over all booked attempts, decimal USD; null when nothing is known yet. */
  readonly cost_usd: string | null;
  readonly error: { readonly class: string; readonly message: string } | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly webhook: { readonly endpoint_id: string; readonly status: 'pending' | 'delivered' | 'exhausted' } | null;
}
