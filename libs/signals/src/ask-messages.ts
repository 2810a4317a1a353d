// Questions to the router, to running workers, and what is broadcast.
import { type HoldReconcileRequested, type Priority } from '@libs/events/job-events';
import { type RateLeft } from '@libs/events/limits';

/** To `ask.router.<p>`; only the partition's owner answers. */
export interface AskRouter {
  readonly jobs: readonly string[];
  /** Reply subject's ingress: tell it when these jobs settle (`SettledReply`). */
  readonly watch: string | null;
  /** Nobody of that ingress waits for these any more. */
  readonly unwatch?: boolean;
  /** Count the open jobs, too (for operators). */
  readonly depth?: boolean;
  /** Health of every provider, target and key (libs/routing/health-view). */
  readonly health?: boolean;
  /** What is spent and held of these bounds, `level/id` (libs/routing/ledger/usage-view). */
  readonly usage?: readonly string[];
  /** When these virtual keys were used (libs/routing/key-uses). */
  readonly key_uses?: readonly string[];
  /** What was raised in this partition (libs/routing/alerts/alert-report); of one customer, or all. */
  readonly alerts?: { readonly tenant: string | null };
  /** A page of the holds whose end nobody learned, behind where the last one ended. */
  readonly holds?: { readonly after: string | null };
  /** Whether this could be done with a hold of this job now (data of a `HoldReconcileRequested`). */
  readonly hold_possible?: { readonly job: string; readonly asked: HoldReconcileRequested };
  /** What became of a request about a hold, by the id of its event. */
  readonly hold_verdict?: string;
  /** What the rate limits of such a request have left. */
  readonly rates?: RatedRequest;
}

export interface RatedRequest {
  readonly tenant: string;
  readonly team: string | null;
  readonly key: string;
  readonly model: string;
}

/** Open jobs of a partition. */
export type QueueDepth = Readonly<Record<Priority, {
  readonly waiting: number; readonly deferred: number; readonly running: number;
}>>;

/** What the owner's fold knows of one job. */
export type JobAnswer =
  | { readonly id: string; readonly known: false }
  | {
      readonly id: string;
      readonly known: true;
      readonly tenant: string;
      readonly team: string | null;
      readonly key: string;
      /** The job as clients see it (libs/jobs/view). */
      readonly view: Readonly<Record<string, unknown>>;
      /** Set when this submission closed as a duplicate. */
      readonly duplicate_of: string | null;
      readonly terminal: { readonly sequence: number; readonly line: number } | null;
    };

export interface RouterAnswer {
  readonly router: string;
  readonly epoch: number;
  /** Last sequence folded. */
  readonly folded: number;
  readonly jobs: readonly JobAnswer[];
  /** When asked for. */
  readonly depth?: QueueDepth;
  readonly health?: readonly object[];
  readonly usage?: readonly object[];
  readonly key_uses?: readonly object[];
  readonly rates?: readonly RateLeft[];
  readonly alerts?: readonly object[];
  readonly holds?: { readonly data: readonly object[]; readonly next: string | null };
  /** null: it could be done. */
  readonly hold_refused?: string | null;
  /** null: not decided yet, or not known (any more). */
  readonly hold_verdict?: object | null;
}

/** To `deltas.<job>`: the deltas of an attempt from an index on. Empty text asks for all. */
export interface AskDeltas {
  readonly attempt: string | null;
  readonly from: number;
}

/** Answer of `deltas.<job>` from the worker that runs it. */
export interface DeltasAnswer {
  readonly attempt: string;
  /** Index of the first delta in the list; 0 when absent. The question may ask from where. */
  readonly from?: number;
  /** Every delta so far (from there on), index = `from` + place in the list. */
  readonly deltas: readonly { readonly event: string | null; readonly data: string }[];
}

/** On `cancel.<p>`: stop working on this job. */
export interface CancelSignal {
  readonly job: string;
  readonly by: 'client' | 'disconnect' | 'admin';
}

/** On `worker.heartbeat`, each second. */
export interface WorkerHeartbeat {
  readonly worker: string;
  readonly running: number;
  readonly capacity: number;
  readonly draining: boolean;
}

/** On `worker.probe`: call this target with the smallest request there is. */
export interface ProbeOrder {
  readonly provider: string;
  readonly key: string;
  readonly model: string;
}

/** On `health`, from each partition owner, on change and each second. */
export interface HealthSignal {
  readonly router: string;
  readonly epoch: number;
  readonly partitions: readonly number[];
  /** How many jobs of each of these partitions are not over. */
  readonly open_jobs?: readonly number[];
  /** Not to be called now. */
  readonly closed: readonly ClosedSignal[];
}

/** A provider key, or every key (`*`) for one model or for all (null); until when (ms), and why. */
export interface ClosedSignal {
  readonly provider: string;
  readonly key: string;
  readonly model?: string | null;
  readonly until_ms: number;
  readonly why: string;
}
