// Content is no part of the tree; the events that are name it by its SHA-256.
import { sha256 } from '@libs/checkpoints/ed25519';
import { type ContentRef } from '@libs/events/content';
import { parseContentLine, splitCommit } from '@libs/events/parse-commit';
import { archivedObjects } from '@libs/postgres/archive-store';
import { type Database } from '@libs/postgres/database';
import { readObjectAfter } from '@libs/postgres/restore-reads';
import { type KeysNamed } from './check-keys';
import { type Problem, problem } from './problem';

/** Large content that events name, by its hash, with the commit that does. */
export type LargeNamed = Map<string, number>;

/** Content lines that are not what their hash says, or that events name and are not there. */
export function checkContent(
  sequence: number, bytes: Uint8Array, keys: KeysNamed, large: LargeNamed,
): Problem[] {
  const problems: Problem[] = [];
  const present = new Set<string>();
  const { eventLines, contentLines } = splitCommit(bytes);
  for (const line of contentLines()) {
    const hash = hashOfLine(line);
    if (hash === null) {
      problems.push(problem('content', `commit ${sequence}: a content line is not what its hash says`));
    } else {
      present.add(hash);
    }
  }
  for (const line of eventLines) {
    keys.note(sequence, line);
    for (const { sha256: hash, where } of named(line)) {
      if (where === 'object') large.set(hash, sequence);
      if (where === 'object' || present.has(hash)) continue;
      problems.push(problem('content', `commit ${sequence}: content ${hash} is named and not there`));
    }
  }
  return problems;
}

/** Large content that is named and not there. */
export async function checkLarge(database: Database, named: LargeNamed): Promise<Problem[]> {
  if (named.size === 0) return [];
  const present = await archivedObjects(database, [...named.keys()]);
  return [...named].filter(([hash]) => !present.has(hash)).map(([hash, sequence]) =>
    problem('content', `commit ${sequence}: large content ${hash} is named and not there`));
}

/** Large content, one after the other. */
export async function checkObjects(database: Database): Promise<Problem[]> {
  const problems: Problem[] = [];
  // Whatever commit their rows tell of: that is not signed.
  const everything = { fromSequence: Number.MIN_SAFE_INTEGER, lastSequences: [] };
  for (let after = ''; ;) {
    const object = await readObjectAfter(database, everything, after);
    if (object === null) return problems;
    after = object.sha256;
    if (hex(object.bytes) === object.sha256) continue;
    problems.push(problem('content', `large content ${object.sha256} is not what its hash says`));
  }
}

/** null: what stands there and its hash do not fit; of sealed content that is the ciphertext. */
function hashOfLine(line: string): string | null {
  try {
    const { sha256: hash, text, encoding } = parseContentLine(line);
    return hex(Buffer.from(text, encoding)) === hash ? hash : null;
  } catch {
    // No JSON any more: not what its hash says, whatever that was.
    return null;
  }
}

/** These have their content beside them; a routing may refer to it. */
const bringsContent = /"type":"(JobSubmitted|JobSucceeded|JobFailed|AttemptAbandoned)"/;

type Named = Pick<ContentRef, 'sha256' | 'where'>;

function named(line: string): Named[] {
  if (!line.includes('"where":"') || !bringsContent.test(line.slice(0, 200))) return [];
  try {
    const { data } = JSON.parse(line) as {
      data: { body?: unknown; result?: unknown; continuation?: { answer?: unknown } };
    };
    return [data.body, data.result, data.continuation?.answer].flatMap((ref) => {
      const { redacted } = (ref ?? {}) as { redacted?: unknown };
      return [...namedBy(ref), ...namedBy(redacted)];
    });
  } catch {
    // A broken commit is archived as it is; what it names nobody can say.
    return [];
  }
}

function namedBy(ref: unknown): Named[] {
  const { sha256: hash, where } = (ref ?? {}) as Partial<Named>;
  return hash === undefined || where === undefined ? [] : [{ sha256: hash, where }];
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(sha256(bytes)).toString('hex');
}
