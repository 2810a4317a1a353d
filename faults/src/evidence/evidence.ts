// Everything that the checks are given. Plain data, so that each check is a function over it.
import { type FaultNote, type LedgerRecord, type RequestNote, type WebhookNote } from '../notes';
import { type LogEvidence } from './log-evidence';
import { type Stories } from './stories';

/** A job as the API shows it. */
export interface JobView {
  readonly id: string;
  readonly status: string;
  readonly cost_usd: string | null;
  readonly attempts: readonly { readonly attempt_id: string; readonly outcome: string }[];
  readonly webhook: { readonly status: string } | null;
}

export interface ArchivedCommit {
  readonly sequence: number;
  readonly subject: string;
  readonly msgId: string;
  readonly bytes: Uint8Array;
}

export interface Archive {
  readonly commits: readonly ArchivedCommit[];
  /** SHA-256 of the archived large contents, computed from their bytes, by the name they have. */
  readonly objects: ReadonlyMap<string, string>;
  /** The read model of calls: what each virtual key is charged. */
  readonly spend: readonly {
    readonly tenant: string; readonly key: string; readonly picoUsd: string; readonly calls: number;
  }[];
}

/** What came out when projections were made again from nothing. */
export interface Rebuilt {
  readonly readModels: { readonly exitCode: number | null; readonly output: string };
  /** Answers of the router before, and after it had folded everything anew without a snapshot. */
  readonly views: {
    readonly asked: number;
    readonly differing: readonly string[];
    /** Not shown before or not shown afterwards. */
    readonly missing: readonly string[];
  };
}

/** A budget as the API shows it; amounts in decimal USD. */
export interface Budget {
  readonly level: string;
  readonly id: string;
  readonly limit: string;
  readonly spent: string;
  readonly held: string;
}

export interface Budgets {
  /** By the owner of each partition, when everything had ended. */
  readonly shown: readonly Budget[];
  /** The same moment, folded anew from the first archived event; as it failed: why. */
  readonly made: readonly Budget[] | string;
  /** Open holds, of calls whose end nobody learned. */
  readonly holds: readonly {
    readonly key: string; readonly customer: string; readonly held_usd: string | null;
  }[];
}

export interface Proofs {
  /** How `holdfast verify --json` ended. */
  readonly verify: { readonly code: number | null; readonly output: string };
  /** Signed notes of the checkpoint directory. */
  readonly files: readonly string[];
}

export interface Evidence {
  readonly log: LogEvidence;
  readonly stories: Stories;
  readonly requests: readonly RequestNote[];
  readonly webhooks: readonly WebhookNote[];
  readonly ledger: readonly LedgerRecord[];
  readonly archive: Archive;
  readonly views: ReadonlyMap<string, JobView>;
  readonly faults: readonly FaultNote[];
  readonly rebuilt: Rebuilt;
  readonly budgets: Budgets;
  readonly proofs: Proofs;
  /** USD a million tokens, by provider. */
  readonly prices: Readonly<Record<string, { readonly input: number; readonly output: number }>>;
  /** `provider/key name` by the last characters that the ledger shows. */
  readonly keyNames: Readonly<Record<string, string>>;
}
