// What the server said to a publish, in our words.
import { type Msg } from '@nats-io/transport-node';

export type PublishAnswer =
  | { readonly kind: 'stored'; readonly sequence: number; readonly duplicate: boolean }
  | { readonly kind: 'wrong_sequence' }
  | { readonly kind: 'full'; readonly message: string }
  | { readonly kind: 'too_large'; readonly message: string }
  /** The server cannot store now: no leader, starting, a write that failed. */
  | { readonly kind: 'refused'; readonly message: string };

interface Acknowledgement {
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly error?: { readonly err_code?: number; readonly description?: string };
}

// Codes of the server's errors.json; they do not change once published.
const wrongLastSequence = [10071, 10164];
const messageTooLarge = 10054;
const storageExceeded = 10047;

export function readAnswer(message: Msg): PublishAnswer {
  const answer = message.json<Acknowledgement>();
  const { error } = answer;
  if (error === undefined) {
    if (answer.seq === undefined) return { kind: 'refused', message: 'an answer without sequence' };
    return { kind: 'stored', sequence: answer.seq, duplicate: answer.duplicate === true };
  }
  const code = error.err_code ?? 0;
  const text = error.description ?? `error ${code}`;
  if (wrongLastSequence.includes(code)) return { kind: 'wrong_sequence' };
  if (code === messageTooLarge) return { kind: 'too_large', message: text };
  const full = code === storageExceeded || /maximum bytes|no space left|insufficient storage/.test(text);
  return { kind: full ? 'full' : 'refused', message: text };
}
