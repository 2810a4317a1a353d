// What checkpoints claim, from files and from the log's own events, smallest tree first and never all
// in memory.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Checkpoint, parseCheckpoint } from '@libs/audit-tree/checkpoint';
import { cosignersOf } from '@libs/audit-tree/cosignature';
import { type NoteKey, parseNote, signerOf } from '@libs/audit-tree/signed-note';
import { checkpointFileName, listCheckpointFiles } from '@libs/checkpoints/checkpoint-files';
import { verifyEd25519 } from '@libs/checkpoints/ed25519';
import { parseEventLine, splitCommit } from '@libs/events/parse-commit';
import { subjects } from '@libs/events/subjects';
import { type Database } from '@libs/postgres/database';
import { type Problem, problem } from './problem';

export interface Claim {
  readonly source: string;
  readonly note: string;
  /** null: what is there is no checkpoint. */
  readonly checkpoint: Checkpoint | null;
}

/** A claim that may be believed; or why it may not. */
export interface CheckedClaim {
  readonly checkpoint: Checkpoint;
  readonly note: string;
  readonly source: string;
  readonly key: NoteKey;
  /** Names of the known witnesses that cosigned it. */
  readonly witnesses: readonly string[];
}

export interface TrustedKeys {
  /** Of the log. */
  readonly keys: readonly NoteKey[];
  readonly witnesses: readonly NoteKey[];
}

const pageRows = 500;

export async function* fileClaims(directory: string): AsyncGenerator<Claim> {
  for (const file of await listCheckpointFiles(directory)) {
    yield claim(file, await readFile(file, 'utf8'));
  }
}

export async function* eventClaims(database: Database): AsyncGenerator<Claim> {
  for (let after = 0; ;) {
    const rows = await database.query<{ sequence: string; bytes: Buffer }>(
      `SELECT sequence, bytes FROM commits WHERE subject = $1 AND sequence > $2
       ORDER BY sequence LIMIT ${pageRows}`, [subjects.checkpoint, after],
    );
    for (const { sequence, bytes } of rows) {
      for (const note of notesOf(bytes)) yield claim(`commit ${sequence}`, note);
      after = Number(sequence);
    }
    if (rows.length < pageRows) return;
  }
}

/** Checkpoints of the log that are not among the files. */
export interface Unfiled {
  count: number;
  /** Of the smallest, event lines. */
  first: number | null;
}

/** Passes claims on, and counts those that have no file in the directory. */
export async function* notingUnfiled(
  claims: AsyncGenerator<Claim>, directory: string, unfiled: Unfiled,
): AsyncGenerator<Claim> {
  const files = new Set((await listCheckpointFiles(directory)).map((file) => path.basename(file)));
  for await (const one of claims) {
    const size = one.checkpoint?.size ?? null;
    if (size !== null && !files.has(checkpointFileName(size))) {
      unfiled.count += 1;
      unfiled.first ??= size;
    }
    yield one;
  }
}

export function checkClaim(
  { source, note, checkpoint }: Claim, { keys, witnesses }: TrustedKeys,
): CheckedClaim | Problem {
  const parsed = parseNote(note);
  if (parsed === null || checkpoint === null) return problem('checkpoint', `${source}: no checkpoint`);
  const key = signerOf(parsed, keys, verifyEd25519);
  const { right, wrong } = cosignersOf(parsed, witnesses, verifyEd25519);
  if (wrong.length > 0) {
    return problem('signature', `${source}: the cosignature of ${wrong.map(({ name }) => name).join(', ')} `
      + `does not fit the checkpoint of ${checkpoint.size} event lines`);
  }
  if (key !== null && key.name === checkpoint.origin) {
    return { checkpoint, note, source, key, witnesses: right.map(({ witness }) => witness.name) };
  }
  const ids = parsed.signatures.map(({ name, keyId }) => `${name} ${keyId}`).join(', ');
  const known = parsed.signatures.some(({ name, keyId }) =>
    keys.some((one) => one.name === name && one.id === keyId));
  return problem('signature', known
    ? `${source}: the signature does not fit the checkpoint of ${checkpoint.size} event lines`
    : `${source}: the checkpoint of ${checkpoint.size} event lines is signed by a key that is not `
      + `known (${ids})`);
}

export function isProblem(value: object): value is Problem {
  return 'kind' in value;
}

function claim(source: string, note: string): Claim {
  const parsed = parseNote(note);
  return { source, note, checkpoint: parsed === null ? null : parseCheckpoint(parsed.text) };
}

function notesOf(bytes: Uint8Array): string[] {
  try {
    return splitCommit(bytes).eventLines
      .map((text, line) => parseEventLine(text, line))
      .flatMap((event) => (event.type === 'CheckpointSigned' ? [event.data.note] : []));
  } catch (error) {
    // What was changed beyond reading is found by its hash; here it is a checkpoint that is none.
    return [String(error)];
  }
}
