// The whole log as the checks read it: parsed here by itself and not by the product's own readers,
// so that a fault of theirs does not hide itself.
import { createHash } from 'node:crypto';
import { type AnyEvent } from '@libs/events/envelope';
import { type StoredMessage } from '../system/admin-log';
import { opened, type SealingKeys } from './sealed';

export interface LoggedCommit {
  readonly message: StoredMessage;
  readonly events: readonly AnyEvent[];
  /** Content lines by the hash they name, opened where they are sealed. */
  readonly content: ReadonlyMap<string, string>;
  /** SHA-256 of what stands there, by the hash that it has by its own word. */
  readonly hashes: ReadonlyMap<string, string>;
}

export interface LogEvidence {
  readonly messages: readonly StoredMessage[];
  readonly commits: readonly LoggedCommit[];
  /** Sequences of messages that are no commit, or not to be opened, and that nobody of us appended. */
  readonly unreadable: readonly number[];
}

const contentLineStart = '{"sha256":';

/** Without `keys`, sealed content is left as it is. */
export function readLog(
  messages: readonly StoredMessage[], poison: ReadonlySet<number>, keys: SealingKeys | null = null,
): LogEvidence {
  const commits: LoggedCommit[] = [];
  const unreadable: number[] = [];
  for (const message of messages) {
    if (poison.has(message.sequence)) continue;
    try {
      commits.push(readCommit(message, keys));
    } catch {
      unreadable.push(message.sequence);
    }
  }
  return { messages, commits, unreadable };
}

interface ContentText {
  readonly sha256: string;
  readonly encoding: 'utf8' | 'base64';
  readonly key_id?: string;
  readonly text: string;
}

function readCommit(message: StoredMessage, keys: SealingKeys | null): LoggedCommit {
  const events: AnyEvent[] = [];
  const content = new Map<string, string>();
  const hashes = new Map<string, string>();
  for (const line of Buffer.from(message.bytes).toString('utf8').split('\n')) {
    if (line === '') continue;
    if (line.startsWith(contentLineStart)) {
      const given = JSON.parse(line) as ContentText;
      const bytes = Buffer.from(given.text, given.encoding);
      hashes.set(given.sha256, createHash('sha256').update(bytes).digest('hex'));
      content.set(given.sha256, plainText(given, bytes, keys));
    } else {
      events.push(JSON.parse(line) as AnyEvent);
    }
  }
  return { message, events, content, hashes };
}

function plainText(
  { key_id: id, text }: ContentText, bytes: Buffer, keys: SealingKeys | null,
): string {
  if (id === undefined || keys === null) return text;
  const key = keys.get(id);
  if (key === undefined) throw new Error(`there is no key ${id}`);
  return opened(bytes, id, key);
}
