// Finds a nats-server binary, or fetches one: HOLDFAST_NATS_SERVER, PATH, our own folder, the
// pinned official release, Debian's package. Prefers a version with everything Holdfast can use.
import { access, constants, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { Fault } from '@libs/faults/faults';
import { fetchDebianPackage } from './debian-package';
import { withFetchLock } from './fetch-lock';
import { fetchRelease } from './nats-release';
import {
  isAtLeast, parseNatsVersion, preferredNats, versionText, type NatsVersion,
} from './nats-version';
import { runCommand } from './run-command';

export interface NatsBinary {
  readonly path: string;
  readonly version: NatsVersion;
}

export interface FindNatsOptions {
  /** The process's own when absent. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where fetched binaries are kept, `.holdfast/bin`. */
  readonly binDir: string;
  /** Told what is going on, one sentence at a time. */
  readonly onProgress?: (message: string) => void;
  /** Ways to fetch it, tried in order; for tests. */
  readonly sources?: readonly NatsSource[];
}

export interface NatsSource {
  readonly name: string;
  readonly fetch: (binDir: string) => Promise<void>;
}

export const natsSources: readonly NatsSource[] = [
  { name: 'the official release', fetch: fetchRelease },
  { name: 'Debian’s package', fetch: fetchDebianPackage },
];

/** @throws Fault server_missing that says what to install. */
export async function findNatsServer(options: FindNatsOptions): Promise<NatsBinary> {
  const named = (options.env ?? process.env)['HOLDFAST_NATS_SERVER'];
  if (named !== undefined && named !== '') return await namedBinary(named);
  const here = await installed(options);
  const good = here.find(isPreferred);
  if (good !== undefined) return good;
  return await withFetchLock(options.binDir, () => fetchMissing(options, here));
}

/** What a binary says its version is; null when it does not run. */
export async function probeNatsServer(file: string): Promise<NatsBinary | null> {
  const runs = await access(file, constants.X_OK).then(() => true, () => false);
  if (!runs) return null;
  const { code, stdout } = await runCommand(file, ['--version'], { timeoutMs: 10_000 });
  const version = code === 0 ? parseNatsVersion(stdout) : null;
  return version === null ? null : { path: file, version };
}

async function namedBinary(file: string): Promise<NatsBinary> {
  const binary = await probeNatsServer(path.resolve(file));
  if (binary !== null) return binary;
  throw new Fault('server_missing', `HOLDFAST_NATS_SERVER=${file} is not a nats-server that runs`);
}

/** Those on PATH, then the one fetched earlier. */
async function installed({ env = process.env, binDir }: FindNatsOptions): Promise<NatsBinary[]> {
  const folders = (env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '');
  const found: NatsBinary[] = [];
  for (const folder of [...folders, binDir]) {
    const binary = await probeNatsServer(path.join(path.resolve(folder), 'nats-server'));
    if (binary !== null) found.push(binary);
  }
  return found;
}

async function fetchMissing(
  { binDir, onProgress, sources }: FindNatsOptions, older: readonly NatsBinary[],
): Promise<NatsBinary> {
  const file = path.resolve(binDir, 'nats-server');
  // Another process may have fetched it while this one waited for the lock.
  const mine = await probeNatsServer(file);
  if (mine !== null && isPreferred(mine)) return mine;
  await removeUnfinished(binDir);
  const failures: string[] = [];
  for (const source of sources ?? natsSources) {
    onProgress?.(`fetching nats-server: ${source.name}`);
    const failure = await source.fetch(binDir).then(() => null, reasonOf);
    const binary = failure === null ? await probeNatsServer(file) : null;
    if (binary !== null) return binary;
    failures.push(`  ${source.name}: ${failure ?? 'it does not run on this machine'}`);
    onProgress?.(`  not available: ${failure ?? 'it does not run here'}`);
  }
  const fallback = older[0];
  if (fallback === undefined) throw missing(failures);
  onProgress?.(`using nats-server ${versionText(fallback.version)}, older than ${
    versionText(preferredNats)}`);
  return fallback;
}

/** Folders of a fetch that was killed; the lock says that none is under way. */
async function removeUnfinished(binDir: string): Promise<void> {
  for (const name of await readdir(binDir)) {
    if (!/^\.(release|debian)-/.test(name)) continue;
    await rm(path.join(binDir, name), { recursive: true, force: true });
  }
}

function isPreferred({ version }: NatsBinary): boolean {
  return isAtLeast(version, preferredNats);
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: { message?: string } };
  const because = cause?.message === undefined ? '' : ` (${cause.message})`;
  return message === undefined ? String(error) : message + because;
}

function missing(failures: readonly string[]): Fault {
  return new Fault('server_missing', [
    'There is no nats-server, and none could be fetched:', ...failures,
    `Install nats-server ${versionText(preferredNats)} or newer`
    + ' (https://github.com/nats-io/nats-server/releases) and have it on PATH,',
    'or name it in HOLDFAST_NATS_SERVER, or name a running one in NATS_URL.',
  ].join('\n'));
}
