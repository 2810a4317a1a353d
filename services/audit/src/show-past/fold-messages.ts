// Between audit and the process that folds the past for it: one order at a time, and its answer.
import { type Projection } from '@libs/routing/moment/entries';
import { type Page } from '@libs/routing/moment/page';

export interface PageOrder {
  readonly sequence: number;
  /** The time that windows and health are looked at. */
  readonly nowMs: number;
  readonly projection: Projection;
  readonly tenant: string | null;
  readonly subject: string | null;
  readonly limit: number;
  readonly after: string | null;
  readonly fromBeginning: boolean;
}

export interface FoldedPage extends Page {
  readonly folded: Folded;
}

/** How the world came to its moment. */
export interface Folded {
  /** Sequence of the snapshot that it began from; null: the beginning of the log. */
  readonly from_snapshot: number | null;
  /** Event lines folded after that. */
  readonly events: number;
  readonly seconds: number;
}

export type FoldMessage =
  | { readonly kind: 'progress'; readonly sequence: number }
  | { readonly kind: 'page'; readonly page: FoldedPage }
  | { readonly kind: 'not_archived'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string };
