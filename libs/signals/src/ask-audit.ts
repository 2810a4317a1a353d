// Questions on `ask.audit`, and how one is refused.

export type AskAudit =
  | { readonly op: 'status' | 'rebuild' | 'rebuild-status' | 'checkpoint' }
  | { readonly op: 'inclusion'; readonly sequence: number; readonly line: number }
  /** `to` null: the tree of the last checkpoint. */
  | { readonly op: 'consistency'; readonly from: number; readonly to: number | null }
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

/** A rule said no. */
export interface AuditRefused {
  readonly refused: 'not_found' | 'not_signed_yet' | 'bad_range' | StateRefusal;
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
