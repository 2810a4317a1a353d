// What of check 6 is about signatures: every checkpoint, in the log and in the directory, is the tree of
// the log's own bytes up to there, so all are consistent with each other; and the product's own
// verification of archive, tree, checkpoints and log finds nothing.
import { createHash } from 'node:crypto';
import { type Evidence } from '../evidence/evidence';
import { type LogEvidence } from '../evidence/log-evidence';
import { type StoredMessage } from '../system/admin-log';

export interface ProofsWeighed {
  readonly checkpoints: number;
  /** Event lines that the largest of them covers. */
  readonly covered: number;
  readonly findings: readonly string[];
}

interface Claim {
  readonly size: number;
  /** Base64. */
  readonly root: string;
  readonly where: string;
}

export function weighProofs({ log, proofs }: Pick<Evidence, 'log' | 'proofs'>): ProofsWeighed {
  const claims = [
    ...signedNotes(log).map(({ note, at }) => claimOf(note, `of commit ${at}`)),
    ...proofs.files.map((note, index) => claimOf(note, `of file ${index + 1}`)),
  ];
  const roots = rootsOf(log.messages.flatMap(eventLines), new Set(claims.map(({ size }) => size)));
  return {
    checkpoints: new Set(claims.map(({ size }) => size)).size,
    covered: Math.max(0, ...claims.map(({ size }) => size)),
    findings: [
      ...claims.length === 0 ? ['nothing was signed'] : [],
      ...claims.filter(({ size, root }) => roots.get(size) !== root).map(({ size, where }) => (
        `the checkpoint ${where} is not the tree of the log's first ${size} event lines`)),
      ...verifyFindings(proofs.verify),
    ],
  };
}

/** By size: the root of the tree of so many lines (RFC 6962), base64; sizes beyond the end are left out. */
export function rootsOf(
  lines: readonly Uint8Array[], sizes: ReadonlySet<number>,
): Map<number, string> {
  const roots = new Map<number, string>();
  // Roots of whole subtrees, the largest first; their sizes are the bits of how many leaves there are.
  const whole: { readonly leaves: number; readonly hash: Buffer }[] = [];
  const note = (size: number): void => {
    if (!sizes.has(size)) return;
    const root = whole.reduceRight<Buffer | null>((right, { hash }) => (
      right === null ? hash : digest(1, hash, right)), null);
    roots.set(size, (root ?? createHash('sha256').digest()).toString('base64'));
  };
  note(0);
  lines.forEach((line, index) => {
    let last = { leaves: 1, hash: digest(0, line) };
    for (let left = whole.at(-1); left?.leaves === last.leaves; left = whole.at(-1)) {
      whole.pop();
      last = { leaves: last.leaves * 2, hash: digest(1, left.hash, last.hash) };
    }
    whole.push(last);
    note(index + 1);
  });
  return roots;
}

function digest(prefix: 0 | 1, ...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256').update(Buffer.from([prefix]));
  for (const part of parts) hash.update(part);
  return hash.digest();
}

const contentStart = '{"sha256":';

/** The lines of a message before its content lines. */
function eventLines({ bytes }: StoredMessage): Buffer[] {
  const lines: Buffer[] = [];
  const all = Buffer.from(bytes);
  for (let start = 0; start < all.length;) {
    const found = all.indexOf(10, start);
    const end = found === -1 ? all.length : found;
    lines.push(all.subarray(start, end));
    start = end + 1;
  }
  const isContent = (line: Buffer | undefined): boolean => (
    line?.subarray(0, contentStart.length).toString('latin1') === contentStart);
  while (isContent(lines.at(-1))) lines.pop();
  return lines;
}

function signedNotes({ commits }: LogEvidence): { readonly note: string; readonly at: number }[] {
  return commits.flatMap(({ message: { sequence }, events }) => events.flatMap((event) => (
    event.type === 'CheckpointSigned' ? [{ note: event.data.note, at: sequence }] : [])));
}

/** Second and third line of a checkpoint (C2SP tlog-checkpoint). */
function claimOf(note: string, where: string): Claim {
  const [, size = '', root = ''] = note.split('\n');
  return { size: Number(size), root, where };
}

interface Verified {
  readonly problems?: readonly { readonly kind: string; readonly message: string }[];
}

function verifyFindings({ code, output }: Evidence['proofs']['verify']): string[] {
  if (code === 0) return [];
  const line = output.split('\n').findLast((one) => one.startsWith('{')) ?? '{}';
  const { problems = [] } = JSON.parse(line) as Verified;
  if (problems.length === 0) return [`holdfast verify ended with ${code ?? 'no code'}: ${output.trim()}`];
  return problems.map(({ kind, message }) => `holdfast verify: ${kind}: ${message}`);
}
