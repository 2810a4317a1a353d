// Questions on `ask.audit`, and how one is refused.

export type AskAudit =
  | { readonly op: 'status' | 'rebuild' | 'rebuild-status' | 'checkpoint' }
  | { readonly op: 'inclusion'; readonly sequence: number; readonly line: number }
  /** `to` null: the tree of the last checkpoint. */
  | { readonly op: 'consistency'; readonly from: number; readonly to: number | null }
  | { readonly op: 'events'; readonly question: EventsQuestion; readonly page: EventsPage }
  | { readonly op: 'export'; readonly question: EventsQuestion; readonly format: ExportFormat }
  | { readonly op: 'export-status'; readonly id: string }
  /** Piece `index` of its result: gzip, in base64. */
  | { readonly op: 'export-chunk'; readonly id: string; readonly index: number }
  | AskState;

/** What the fold of the routers was at a moment. Asked again until it is there. */
export interface AskState {
  readonly op: 'state';
  readonly at: { readonly sequence: number } | { readonly timeMs: number };
  readonly projection: 'budgets' | 'health' | 'keys' | 'jobs' | 'routes';
  readonly tenant: string | null;
  readonly subject: string | null;
  readonly limit: number;
  readonly after: string | null;
  /** Takes no snapshot on trust. */
  readonly from_beginning: boolean;
}

/** A moment of the log: a time, or a commit. */
export type Moment = { readonly timeMs: number } | { readonly sequence: number };

/** Which events; null: whatever it is. */
export interface EventsQuestion {
  /** From it on. */
  readonly from: Moment | null;
  /** A time: up to it; a commit: with it. */
  readonly to: Moment | null;
  readonly types: readonly string[] | null;
  readonly subject: string | null;
  readonly tenant: string | null;
  readonly actor: string | null;
  readonly key: string | null;
  readonly team: string | null;
  readonly model: string | null;
  readonly provider: string | null;
  readonly outcome: string | null;
  /** All of its words are in the metadata. */
  readonly metadata: string | null;
}

export interface EventsPage {
  readonly newestFirst: boolean;
  readonly limit: number;
  /** The place (`leaf_index`) behind which the page begins; null: at the end. */
  readonly after: number | null;
}

export const exportFormats = ['ndjson', 'csv', 'bundle'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** A rule said no. */
export interface AuditRefused {
  readonly refused:
    | 'not_found' | 'not_signed_yet' | 'bad_range' | 'invalid_value' | 'too_many' | StateRefusal;
  readonly message: string;
}

export type StateRefusal =
  | 'in_the_future' | 'before_the_log' | 'not_archived' | 'busy' | 'fold_failed';

/** It is being worked on: how far, in commits of the log. */
export interface StatePending {
  readonly pending: {
    readonly doing: 'archiving' | 'waiting' | 'folding';
    readonly at_sequence: number;
    readonly to_sequence: number;
  };
}
