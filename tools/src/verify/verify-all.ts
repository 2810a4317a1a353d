// One verification of an archive: its tree against the checkpoints, large content, the log where it is
// at hand, and the events that somebody wants to see or to take away.
import { type KeyStore } from '@libs/content-keys/key-store';
import { type EventLog } from '@libs/log/log';
import { type Database } from '@libs/postgres/database';
import { type Bundle, makeBundle } from './bundle';
import { checkObjects } from './check-content';
import { checkKeys, KeysNamed } from './check-keys';
import { eventClaims, fileClaims, notingUnfiled, type TrustedKeys, type Unfiled } from './claims';
import { compareStream } from './compare-stream';
import { type Problem, problem } from './problem';
import { type ArchiveVerified, verifyArchive, type WalkedLine } from './verify-archive';

export interface Wanted {
  readonly job: string | null;
  /** Sequences, both ends included. */
  readonly range: { readonly from: number; readonly to: number } | null;
}

export interface VerifyAllParts {
  readonly database: Database;
  readonly log: EventLog | null;
  /** The bucket of data keys, where it is at hand. */
  readonly dataKeys: KeyStore | null;
  readonly trusted: TrustedKeys;
  readonly checkpointDir: string | null;
  readonly wanted: Wanted;
  readonly progress: (commits: number, lines: number) => void;
}

export interface Verified extends Omit<ArchiveVerified, 'problems'> {
  readonly compared: number;
  /** Event lines that no checkpoint covers yet. */
  readonly unsigned: number;
  /** Checkpoints of the log that the directory has not: they may have been lost there, or taken away. */
  readonly unfiled: Readonly<Unfiled>;
  readonly story: readonly WalkedLine[];
  readonly bundle: Bundle | null;
  readonly problems: readonly Problem[];
}

export async function verifyAll(parts: VerifyAllParts): Promise<Verified> {
  const { database, log, dataKeys, checkpointDir, wanted } = parts;
  const isWanted = wantedLine(wanted);
  const story: WalkedLine[] = [];
  const keysNamed = new KeysNamed();
  const unfiled: Unfiled = { count: 0, first: null };
  const archive = await verifyArchive({
    ...parts,
    keysNamed,
    claims: checkpointDir === null ? [eventClaims(database)]
      : [notingUnfiled(eventClaims(database), checkpointDir, unfiled), fileClaims(checkpointDir)],
    // A copy: the line is a part of the page it came with.
    onLine: (line) => { if (isWanted(line)) story.push({ ...line, bytes: Buffer.from(line.bytes) }); },
  });
  const stream = log === null ? { compared: 0, problems: [] } : await compareStream(log, database);
  const problems = [
    ...archive.problems, ...await checkObjects(database), ...stream.problems,
    ...dataKeys === null ? [] : await checkKeys(dataKeys, keysNamed, Date.now()),
  ];
  if (story.length === 0) problems.push(...notThere(wanted));
  const proved = archive.latest === null || story.length === 0
    ? null : await makeBundle(database, aboutOf(wanted), archive.latest, story);
  return {
    ...archive, story, unfiled, bundle: proved?.bundle ?? null, compared: stream.compared,
    unsigned: archive.lines - (archive.latest?.checkpoint.size ?? 0),
    problems: [...problems, ...proved?.problems ?? []],
  };
}

function notThere({ job, range }: Wanted): Problem[] {
  if (job !== null) return [problem('absent', `the archive has no event of ${job}`)];
  return range === null ? [] : [problem('absent',
    `the archive has no event of commits ${range.from} to ${range.to}`)];
}

function wantedLine({ job, range }: Wanted): (line: WalkedLine) => boolean {
  const about = job === null ? null : Buffer.from(`"subject":${JSON.stringify(job)}`);
  return ({ sequence, bytes }) => (about !== null && Buffer.from(
    bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(about))
    || (range !== null && sequence >= range.from && sequence <= range.to);
}

function aboutOf({ job, range }: Wanted): Bundle['about'] {
  return {
    ...(job === null ? {} : { job }),
    ...(range === null ? {} : { from_sequence: range.from, to_sequence: range.to }),
  };
}
