// What is noted outside of the product while it is tormented: the evidence that the checks weigh
// against the log and the archive.
import { type FaultKind } from './plan/kinds';
import { type Shape, type Surface } from './plan/load-plan';

/** One HTTP exchange of a client, as it saw it. */
export interface Try {
  readonly startedMs: number;
  readonly endedMs: number;
  /** null: no status was ever read. */
  readonly status: number | null;
  /** From `holdfast-job-id`. */
  readonly job: string | null;
  readonly body: string;
  /** The body was read to its end. */
  readonly complete: boolean;
  readonly error: string | null;
}

export interface RequestNote {
  readonly request: string;
  readonly shape: Shape;
  readonly tenant: string;
  readonly surface: Surface;
  readonly stream: boolean;
  readonly startedMs: number;
  endedMs: number;
  readonly tries: Try[];
  /** `GET /v1/jobs/{id}/result` of a job left behind. */
  result: Try | null;
  /** Whether the client got what it asked for, in the end. */
  answered: boolean;
}

export interface WebhookNote {
  readonly atMs: number;
  readonly webhookId: string;
  readonly verified: boolean;
  readonly body: string;
  /** The status that it was answered with, null when it never was. */
  readonly status: number | null;
}

/** A record of the simulator's ledger (tools/provider-sim/README.md). */
export interface LedgerRecord {
  readonly provider: string;
  readonly key: string;
  readonly attempt: string;
  readonly user: string;
  readonly outcome: 'running' | 'served' | 'cut' | 'hung' | 'error' | 'refused';
  readonly tokensSent: number;
  readonly usage: { readonly prompt: number; readonly completion: number };
}

export interface FaultNote {
  readonly kind: FaultKind;
  readonly startedMs: number;
  readonly healedMs: number;
  /** When nothing more of it was to be felt: the next fault of its track, or the end. */
  readonly untilMs: number;
  /** What was done, for people. */
  readonly detail: string;
}
