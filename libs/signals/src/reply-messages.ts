// What travels on `reply.<ingress>`: one JSON object per line, batched per tick by the sender.
// Sent as a request; the ingress answers `ok` (confirmed); unconfirmed batches are sent again once.
import { type RateLeft } from '@libs/events/limits';

/** A settled job, from the worker that settled it (after its terminal event was durable). */
export interface ResultReply {
  readonly kind: 'result';
  readonly job: string;
  readonly outcome: 'succeeded' | 'failed' | 'canceled' | 'expired';
  /** Position of the terminal event. */
  readonly sequence: number;
  readonly line: number;
  /** HTTP status for the caller. */
  readonly status: number;
  /** Body in the client's surface; null: read it at the position (large) or make it (error). */
  readonly body: string | null;
  readonly error: { readonly class: string; readonly message: string } | null;
  readonly provider: string | null;
  readonly model: string | null;
  readonly attempts: number;
  readonly cost_pico_usd: string | null;
  readonly dropped_params: readonly string[];
  /** Attempt that answered; a stream accepts its end only from the attempt it sent content of. */
  readonly attempt_id: string | null;
  /** What the rate limits had left when it was routed (`JobRouted`). */
  readonly rates?: readonly RateLeft[];
}

/** One SSE event of the client's surface. `index` counts from 0 within an attempt, without gaps. */
export interface DeltaReply {
  readonly kind: 'delta';
  readonly job: string;
  readonly attempt: string;
  readonly index: number;
  readonly event: string | null;
  readonly data: string;
  /** Known with the first delta. */
  readonly provider?: string;
  readonly model?: string;
  readonly rates?: readonly RateLeft[];
}

/** The running attempt was given up after its content had reached the stream: it cannot go on. */
export interface BrokenReply {
  readonly kind: 'broken';
  readonly job: string;
  readonly attempt: string;
  readonly error: { readonly class: string; readonly message: string };
}

/** From the router: what became of a keyed submission (sent for keyed submissions only). */
export interface VerdictReply {
  readonly kind: 'verdict';
  readonly job: string;
  readonly verdict: 'accepted' | 'deduplicated' | 'mismatch';
  /** The first job, when deduplicated. */
  readonly of: string | null;
}

/** From the router to watchers, in log order: the job has its outcome; read it at the position. */
export interface SettledReply {
  readonly kind: 'settled';
  readonly job: string;
  readonly status: 'succeeded' | 'failed' | 'canceled' | 'expired';
  readonly sequence: number;
  readonly line: number;
}

export type ReplyMessage = ResultReply | DeltaReply | BrokenReply | VerdictReply | SettledReply;

export function encodeReplies(messages: readonly ReplyMessage[]): string {
  return messages.map((message) => JSON.stringify(message)).join('\n');
}

export function decodeReplies(text: string): ReplyMessage[] {
  return text.split('\n').map((line) => JSON.parse(line) as ReplyMessage);
}
