// The whole log as the checks read it: parsed here by itself and not by the product's own readers,
// so that a fault of theirs does not hide itself.
import { type AnyEvent } from '@libs/events/envelope';
import { type StoredMessage } from '../system/admin-log';

export interface LoggedCommit {
  readonly message: StoredMessage;
  readonly events: readonly AnyEvent[];
  /** Content lines by their hash. */
  readonly content: ReadonlyMap<string, string>;
}

export interface LogEvidence {
  readonly messages: readonly StoredMessage[];
  readonly commits: readonly LoggedCommit[];
  /** Sequences of messages that are no commit and that nobody of us appended. */
  readonly unreadable: readonly number[];
}

const contentLineStart = '{"sha256":';

export function readLog(
  messages: readonly StoredMessage[], poison: ReadonlySet<number>,
): LogEvidence {
  const commits: LoggedCommit[] = [];
  const unreadable: number[] = [];
  for (const message of messages) {
    if (poison.has(message.sequence)) continue;
    try {
      commits.push(readCommit(message));
    } catch {
      unreadable.push(message.sequence);
    }
  }
  return { messages, commits, unreadable };
}

function readCommit(message: StoredMessage): LoggedCommit {
  const events: AnyEvent[] = [];
  const content = new Map<string, string>();
  for (const line of Buffer.from(message.bytes).toString('utf8').split('\n')) {
    if (line === '') continue;
    if (line.startsWith(contentLineStart)) {
      const { sha256, text } = JSON.parse(line) as { sha256: string; text: string };
      content.set(sha256, text);
    } else {
      events.push(JSON.parse(line) as AnyEvent);
    }
  }
  return { message, events, content };
}
