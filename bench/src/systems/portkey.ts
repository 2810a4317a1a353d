// Portkey's gateway from npm (MIT), the same kind of gateway without a log. Installed on demand
// into bench/peers, a package of its own, so that it never becomes a dependency of the product.
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { freePort } from '@libs/servers/free-port';
import { runCommand } from '@libs/servers/run-command';
import { at, newDataDir } from '../root';
import { completes, startProgram } from './program';
import { type Simulator } from './simulator';
import { model, type System, type Target, type UpstreamName } from './system';

const peersDir = at('bench/peers');
const packageDir = path.join(peersDir, 'node_modules/@portkey-ai/gateway');
/** Some 25 MB over a slow line. */
const installTimeoutMs = 300_000;

export async function startPortkey(
  simulator: Simulator, say: (text: string) => void,
): Promise<System> {
  const version = await installed() ?? await install(say);
  const dir = await newDataDir('portkey');
  const port = await freePort();
  const target = (upstream: UpstreamName): Target => ({
    baseUrl: `http://127.0.0.1:${port}/v1`,
    model,
    headers: {
      authorization: 'Bearer x',
      'x-portkey-provider': 'openai',
      'x-portkey-custom-host': simulator.baseUrl(upstream),
    },
  });
  const program = await startProgram({
    name: 'portkey', dir, cwd: peersDir,
    args: [path.join(packageDir, 'build/start-server.js'), `--port=${port}`, '--headless'],
    env: { NODE_ENV: 'production' },
    isReady: () => completes(target('now')),
  });
  return {
    name: 'portkey', version, streams: true, target,
    on: 'one process, provider chosen by header', off: 'log, keys, archive, budgets',
    processes: () => Promise.resolve([{ name: 'portkey', pid: program.pid }]),
    stop: async () => {
      await program.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function installed(): Promise<string | null> {
  const wanted = await versionIn(path.join(peersDir, 'package.json'), ({ dependencies }) =>
    dependencies?.['@portkey-ai/gateway']);
  const present = await versionIn(path.join(packageDir, 'package.json'), ({ version }) => version);
  return present !== null && present === wanted ? present : null;
}

interface Manifest {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

async function versionIn(
  file: string, read: (manifest: Manifest) => string | undefined,
): Promise<string | null> {
  const text = await readFile(file, 'utf8').catch(() => null);
  return text === null ? null : read(JSON.parse(text) as Manifest) ?? null;
}

async function install(say: (text: string) => void): Promise<string> {
  say('installing @portkey-ai/gateway into bench/peers (once, from npm) …');
  const { code, stderr } = await runCommand(
    'npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    { cwd: peersDir, timeoutMs: installTimeoutMs },
  );
  const version = code === 0 ? await installed() : null;
  if (version !== null) return version;
  throw new Error('@portkey-ai/gateway could not be installed; leave it out with --systems '
    + `simulator,holdfast,holdfast-nofsync,raw\n${stderr.trim()}`);
}
