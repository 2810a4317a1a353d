// Takes nats-server from Debian's development suite, from the mirror that the system already uses:
// a private sources list, downloaded and unpacked into a folder of ours. Needs no root and changes
// nothing of the system; apt verifies the archive's signature with the installed keyring.
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  developmentSource, mirrorsOfDeb822, mirrorsOfList, type DebianMirror,
} from './debian-sources';
import { runCommand } from './run-command';

/** Each request to a mirror; the whole was measured at four seconds. */
const networkTimeoutS = 8;
const stepTimeoutMs = 90_000;

/** Puts `nats-server` into `binDir`. @throws Error saying what went wrong. */
export async function fetchDebianPackage(binDir: string): Promise<void> {
  const mirror = (await systemMirrors())[0];
  if (mirror === undefined) throw new Error('this system uses no Debian mirror');
  const folder = await mkdtemp(path.join(binDir, '.debian-'));
  try {
    const options = await privateApt(folder, mirror);
    await step('apt-get', [...options, 'update'], folder);
    await step('apt-get', [...options, 'download', 'nats-server'], folder);
    const file = (await readdir(folder)).find((name) => name.endsWith('.deb'));
    if (file === undefined) throw new Error('apt-get downloaded nothing');
    await step('dpkg', ['-x', file, 'unpacked'], folder);
    await rename(await unpackedBinary(folder), path.join(binDir, 'nats-server'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The package has moved its binary between folders before. */
async function unpackedBinary(folder: string): Promise<string> {
  for (const place of ['usr/bin', 'usr/sbin', 'usr/libexec']) {
    const file = path.join(folder, 'unpacked', place, 'nats-server');
    if (await access(file).then(() => true, () => false)) return file;
  }
  throw new Error('the package contains no nats-server where one was expected');
}

async function systemMirrors(): Promise<DebianMirror[]> {
  const parts = '/etc/apt/sources.list.d';
  const names = await readdir(parts).catch(() => []);
  const files = ['/etc/apt/sources.list', ...names.sort().map((name) => path.join(parts, name))];
  const found: DebianMirror[] = [];
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch(() => '');
    found.push(...(file.endsWith('.sources') ? mirrorsOfDeb822(text) : mirrorsOfList(text)));
  }
  return found;
}

/** Options that keep every file of apt inside `folder`. */
async function privateApt(folder: string, mirror: DebianMirror): Promise<string[]> {
  await mkdir(path.join(folder, 'lists/partial'), { recursive: true });
  await mkdir(path.join(folder, 'cache/archives/partial'), { recursive: true });
  const sources = path.join(folder, 'development.sources');
  await writeFile(sources, developmentSource(mirror));
  const settings = [
    `Dir::Etc::SourceList=${sources}`, 'Dir::Etc::SourceParts=-',
    `Dir::State::Lists=${folder}/lists`, `Dir::Cache=${folder}/cache`,
    'Acquire::Languages=none', 'Acquire::Retries=0',
    `Acquire::http::Timeout=${networkTimeoutS}`, `Acquire::https::Timeout=${networkTimeoutS}`,
    // The folder is ours alone, so apt's own user could not write into it.
    ...(process.getuid?.() === 0 ? ['APT::Sandbox::User=root'] : []),
  ];
  return ['-q', ...settings.flatMap((setting) => ['-o', setting])];
}

async function step(command: string, args: readonly string[], cwd: string): Promise<void> {
  const { code, stderr } = await runCommand(command, args, { cwd, timeoutMs: stepTimeoutMs });
  if (code !== 0) {
    const reason = stderr.trim().split('\n').slice(-2).join(' ');
    throw new Error(`${command} ${args.at(-1) ?? ''}: ${reason}`);
  }
}
