// Questions on `ask.audit`, and how one is refused.

export type AskAudit =
  | { readonly op: 'status' | 'rebuild' | 'rebuild-status' | 'checkpoint' }
  | { readonly op: 'inclusion'; readonly sequence: number; readonly line: number }
  /** `to` null: the tree of the last checkpoint. */
  | { readonly op: 'consistency'; readonly from: number; readonly to: number | null };

/** A rule said no. */
export interface AuditRefused {
  readonly refused: 'not_found' | 'not_signed_yet' | 'bad_range';
  readonly message: string;
}
