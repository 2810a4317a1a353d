// `holdfast verify`: whether archive, tree, checkpoints and log are what was signed; and bundles.
import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Command } from 'commander';
import { parseEventLine } from '@libs/events/parse-commit';
import { openDatabase } from '@libs/postgres/database';
import { type AccessFlags, dirOf } from '../shared/access';
import { describeEvent } from '../shared/describe-event';
import { Failure } from '../shared/failure';
import { collect, withExamples } from '../shared/flags';
import { openLog } from '../shared/open-log';
import { terminal, type Terminal } from '../shared/terminal';
import { checkBundle } from './check-bundle';
import { checkBundleLines } from './check-bundle-lines';
import { type TrustedKeys } from './claims';
import { archiveUrl } from './database-url';
import { trustedKeys, witnessKeys } from './trusted-keys';
import { type Verified, verifyAll, type Wanted } from './verify-all';

interface Flags extends AccessFlags {
  readonly job?: string;
  readonly from?: string;
  readonly to?: string;
  readonly export?: string;
  readonly bundle?: string;
  readonly publicKey?: string;
  readonly witness: readonly string[];
  readonly checkpoints?: string;
  readonly stream: boolean;
  readonly json?: boolean;
}

export function addVerify(program: Command): void {
  const command = program.command('verify')
    .description('prove that the archive is what was signed, and name what is not')
    .option('--job <id>', 'the story of one job, each event with its proof')
    .option('--from <sequence>', 'the events from this commit on')
    .option('--to <sequence>', 'the events up to this commit')
    .option('--export <file>', 'write these events as a bundle that can be checked without a server')
    .option('--bundle <file>', 'check a bundle, without any server')
    .option('--public-key <key>', 'the key that must have signed, or a file of keys')
    .option('--witness <key>', 'public key of a witness: says what it cosigned; may be repeated', collect, [] as readonly string[])
    .option('--checkpoints <dir>', 'where checkpoints are kept as files (HOLDFAST_CHECKPOINT_DIR)')
    .option('--no-stream', 'do not compare the archive with the log')
    .option('--data-dir <path>', 'data directory of `holdfast up` (HOLDFAST_DATA_DIR)')
    .option('--json', 'print JSON');
  withExamples(command, [
    'verify', 'verify --job job_0190…', 'verify --job job_0190… --export job.json',
    'verify --bundle job.json --public-key holdfast/log+1f2e3d4c+A…',
  ]);
  command.action(async (flags: Flags) => {
    const out = terminal(flags.json);
    const sound = flags.bundle === undefined
      ? await archive(flags, out) : await bundle(flags.bundle, flags, out);
    if (!sound) process.exitCode = 1;
  });
}

async function bundle(file: string, flags: Flags, out: Terminal): Promise<boolean> {
  const keys = await trustedKeys(flags.publicKey ?? given('HOLDFAST_AUDIT_PUBLIC_KEY'), null);
  const isFile = await stat(file).then((found) => found.isFile(), () => false);
  if (!isFile) throw new Failure(`There is no file "${file}".`);
  const { problems, events, checkpoint, key, trusted, gapless } = await checkBundleLines(file, keys)
    ?? checkBundle(await readFile(file, 'utf8'), keys);
  const sound = problems.length === 0;
  if (flags.json === true) {
    const size = checkpoint?.size ?? null;
    out.print(JSON.stringify({ ok: sound, events, tree_size: size, key: key?.id ?? null, trusted, gapless, problems }));
    return sound;
  }
  for (const { kind, message } of problems) out.print(`${kind.toUpperCase()}  ${message}`);
  if (!sound || key === null || checkpoint === null) return false;
  out.print(`${events} events stand in the tree of ${checkpoint.size} event lines that ${key.name} signed `
    + `(key ${key.id}).`);
  out.print(gapless ? 'They follow each other: none is missing between the first and the last.'
    : 'They are a choice: that there are no others is not proved by a bundle.');
  if (!trusted) out.print('The key is the bundle\'s own word: hold it against one you trust (--public-key).');
  return true;
}

async function archive(flags: Flags, out: Terminal): Promise<boolean> {
  const dir = dirOf(flags, process.env);
  const keys = await trustedKeys(flags.publicKey ?? given('HOLDFAST_AUDIT_PUBLIC_KEY'), dir.secrets);
  if (keys.length === 0) {
    throw new Failure('Do not know the key that checkpoints are signed by: give --public-key, or the data '
      + 'directory in which it was made.');
  }
  const startedAt = performance.now();
  const witnesses = witnessKeys(flags.witness);
  const verified = await run(flags, { keys, witnesses }, out);
  const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
  if (flags.export !== undefined && verified.bundle !== null) {
    await writeFile(flags.export, `${JSON.stringify(verified.bundle, null, 1)}\n`);
  }
  const sound = verified.problems.length === 0;
  const peakMb = Math.round(process.resourceUsage().maxRSS / 1024);
  out.print(flags.json === true ? asJson(verified, seconds, peakMb) : described(verified, seconds, peakMb));
  return sound;
}

async function run(flags: Flags, trusted: TrustedKeys, out: Terminal): Promise<Verified> {
  const checkpointDir = await checkpointDirOf(flags);
  const database = openDatabase({
    url: await archiveUrl(flags, process.env), connectionsMax: 2, statementTimeoutMs: 0,
    onError: (error) => out.progress(`postgres: ${error.message}`),
  });
  const connection = flags.stream ? await openLog(flags) : null;
  let shownAt = performance.now();
  try {
    return await verifyAll({
      database, trusted, wanted: wantedOf(flags), log: connection?.log ?? null,
      dataKeys: connection?.keys ?? null,
      checkpointDir,
      progress: (commits, lines) => {
        if (performance.now() - shownAt < 2_000) return;
        shownAt = performance.now();
        out.progress(`${commits} commits, ${lines} event lines`);
      },
    });
  } finally {
    await connection?.close();
    await database.close();
  }
}

function given(name: string): string | undefined {
  const value = process.env[name];
  return value === '' ? undefined : value;
}

/** @throws Failure when one is named that is not there: nothing would be held against it. */
async function checkpointDirOf(flags: Flags): Promise<string> {
  const named = flags.checkpoints ?? given('HOLDFAST_CHECKPOINT_DIR');
  if (named === undefined) return path.join(dirOf(flags, process.env).root, 'checkpoints');
  const isThere = await stat(named).then((found) => found.isDirectory(), () => false);
  if (!isThere) throw new Failure(`"${named}" is no directory of checkpoints (--checkpoints, HOLDFAST_CHECKPOINT_DIR).`);
  return named;
}

function wantedOf({ job, from, to, export: file }: Flags): Wanted {
  const isRange = from !== undefined || to !== undefined;
  if (job !== undefined && isRange) throw new Failure('Give --job, or --from and --to, not both.');
  if (file !== undefined && job === undefined && !isRange) {
    throw new Failure('Say what to export: --job ID, or --from and --to.');
  }
  const range = isRange ? { from: sequenceOf(from, 1), to: sequenceOf(to, Number.MAX_SAFE_INTEGER) } : null;
  if (range !== null && range.from > range.to) throw new Failure('--to is before --from.');
  return { job: job ?? null, range };
}

function sequenceOf(text: string | undefined, fallback: number): number {
  const value = text === undefined ? fallback : Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Failure(`"${text ?? ''}" is no sequence.`);
  return value;
}

function asJson(verified: Verified, seconds: number, peakMb: number): string {
  const { commits, lines, bytes, checkpoints, compared, unsigned, latest, problems, bundle: proved } = verified;
  return JSON.stringify({
    ok: problems.length === 0, commits, event_lines: lines, bytes, checkpoints, compared, unsigned,
    unfiled: verified.unfiled, cosigned: verified.cosigned, tree_size: latest?.checkpoint.size ?? null, key: latest?.key.id ?? null, seconds, peak_mb: peakMb,
    problems, events: proved?.events ?? [],
  });
}

function described(verified: Verified, seconds: number, peakMb: number): string {
  const { commits, lines, checkpoints, compared, unsigned, unfiled, latest, problems, story } = verified;
  const events = story.map(({ sequence, line, bytes }) =>
    `${String(sequence).padStart(8)}:${line}  ${describedLine(bytes)}`);
  const head = `${lines} event lines of ${commits} commits in ${seconds} s (${peakMb} MB): `;
  const key = latest === null ? '' : `, the last of ${latest.checkpoint.size} event lines by ${
    latest.key.name} (key ${latest.key.id})`;
  const sound = `every one as it was signed. ${checkpoints} checkpoints fit${key}; ${
    compared} commits compared with the log.`;
  // What was asked for and nobody ever wrote, or is too young, says nothing against what is there.
  const isSound = problems.every(({ kind }) => kind === 'absent' || (kind === 'unsigned' && checkpoints > 0));
  const verdict = isSound ? sound : `NOT as they were signed; ${checkpoints} checkpoints fit.`;
  return [
    ...events, head + verdict,
    ...Object.entries(verified.cosigned).map(([witness, size]) =>
      `${witness} cosigned the first ${size} event lines.`),
    ...unsigned > 0 ? [`${unsigned} event lines are younger than the last checkpoint that fits.`] : [],
    ...unfiled.count > 0 ? [`${unfiled.count} checkpoints of the log are not in the directory of checkpoints, `
      + `the first of them of ${unfiled.first ?? 0} event lines.`] : [],
    ...problems.map(({ kind, message }) => `  ${kind.toUpperCase()}  ${message}`),
  ].join('\n');
}

function describedLine(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('utf8');
  try {
    return describeEvent(parseEventLine(text, 0));
  } catch {
    // A dead letter, or of a newer build: shown as it stands.
    return text;
  }
}
