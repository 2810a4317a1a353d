// Content is no part of the tree; the events that are name it by its SHA-256.
import { sha256 } from '@libs/checkpoints/ed25519';
import { parseContentLine, splitCommit } from '@libs/events/parse-commit';
import { type Database } from '@libs/postgres/database';
import { readObjectAfter } from '@libs/postgres/restore-reads';
import { type KeysNamed } from './check-keys';
import { type Problem, problem } from './problem';

/** Content lines that are not what their hash says, or that events name and are not there. */
export function checkContent(sequence: number, bytes: Uint8Array, keys: KeysNamed): Problem[] {
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
    for (const hash of named(line)) {
      if (present.has(hash)) continue;
      problems.push(problem('content', `commit ${sequence}: content ${hash} is named and not there`));
    }
  }
  return problems;
}

/** Large content, one after the other. */
export async function checkObjects(database: Database): Promise<Problem[]> {
  const problems: Problem[] = [];
  const everything = { fromSequence: 0, lastSequences: [] };
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

/** Only submissions and outcomes have their content beside them; a routing may refer to it. */
const bringsContent = /"type":"(JobSubmitted|JobSucceeded|JobFailed)"/;

function named(line: string): string[] {
  if (!line.includes('"where":"line"') || !bringsContent.test(line.slice(0, 200))) return [];
  try {
    const { data } = JSON.parse(line) as { data: { body?: unknown; result?: unknown } };
    return [data.body, data.result].flatMap((ref) => {
      const { redacted } = (ref ?? {}) as { redacted?: unknown };
      return [...inLine(ref), ...inLine(redacted)];
    });
  } catch {
    // A broken commit is archived as it is; what it names nobody can say.
    return [];
  }
}

function inLine(ref: unknown): string[] {
  const { sha256: hash, where } = (ref ?? {}) as { sha256?: string; where?: string };
  return hash !== undefined && where === 'line' ? [hash] : [];
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(sha256(bytes)).toString('hex');
}
