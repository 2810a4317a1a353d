// Runs the whole product as its users do: `holdfast up` as a process, on free ports with a fresh
// data directory; and reaches into it from outside only (HTTP, signals to processes by id).
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export type PartName = 'nats' | 'postgres' | 'sim' | 'ingress' | 'router' | 'workers' | 'audit';
export type Processes = Record<PartName, { pid: number; url: string } | undefined>;

export interface Holdfast {
  readonly url: string;
  /** Base of the simulated providers. */
  readonly simUrl: string;
  readonly key: string;
  readonly adminToken: string;
  readonly dataDir: string;
  readonly output: () => string;
  readonly processes: () => Promise<Processes>;
  /** Sends a signal to one part; the supervisor starts it again when it dies. */
  readonly signal: (part: PartName, signal: NodeJS.Signals) => Promise<number>;
  /** Stops as Ctrl-C does; keeps the data directory when asked, for a second start. */
  readonly stop: (options?: { keepData?: boolean }) => Promise<number | null>;
}

export interface StartOptions {
  /** Text of holdfast.yaml; the simulated providers when absent. */
  readonly config?: string;
  readonly env?: Record<string, string>;
  readonly dataDir?: string;
}

export const key = 'hf-e2e-key-00000000000000000000000000';
const adminToken = 'e2e-admin-token-0000000000000000';
const startMsMax = 120_000;

export async function startHoldfast(options: StartOptions = {}): Promise<Holdfast> {
  const dataDir = options.dataDir ?? (await mkdtemp(path.join(tmpdir(), 'holdfast-e2e-')));
  const args = ['dist/tools/holdfast.js', 'up', '--port', '0', '--data-dir', dataDir];
  if (options.config !== undefined) {
    const file = path.join(dataDir, 'holdfast.yaml');
    await writeFile(file, options.config);
    args.push('--config', file);
  }
  const child = spawn(process.execPath, args, {
    env: { ...environment(), HOLDFAST_BOOTSTRAP_KEY: key, HOLDFAST_ADMIN_TOKEN: adminToken, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const note = (text: Buffer): void => { output += text.toString(); };
  child.stdout.on('data', note);
  child.stderr.on('data', note);
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const processes = async (): Promise<Processes> =>
    JSON.parse(await readFile(path.join(dataDir, 'run/processes.json'), 'utf8')) as Processes;
  const stop = async (stopping?: { keepData?: boolean }): Promise<number | null> => {
    child.kill('SIGINT');
    const code = await exited;
    if (stopping?.keepData !== true) await rm(dataDir, { recursive: true, force: true });
    return code;
  };
  try {
    const url = await ready(processes, child, () => output);
    return {
      url, key, adminToken, dataDir, processes, stop,
      simUrl: (await processes()).sim?.url ?? '',
      output: () => output,
      // One that was killed a moment ago may just be starting again.
      signal: (part, signal) => eventually(`a running ${part}`, async () => {
        const pid = (await processes())[part]?.pid;
        if (pid === undefined) throw new Error(`${part} is not running`);
        process.kill(pid, signal);
        return pid;
      }),
    };
  } catch (error) {
    await stop({ keepData: options.dataDir !== undefined });
    throw error;
  }
}

/** Resolves with the base URL once a first request was answered. */
async function ready(
  processes: () => Promise<Processes>, child: ChildProcess, output: () => string,
): Promise<string> {
  const until = Date.now() + startMsMax;
  while (Date.now() < until) {
    if (child.exitCode !== null) throw new Error(`up ended with ${child.exitCode}:\n${output()}`);
    const url = await processes().then((parts) => parts.ingress?.url, () => undefined);
    if (url !== undefined && (await answers(url))) return url;
    await sleep(100);
  }
  throw new Error(`not ready in time:\n${output()}`);
}

async function answers(url: string): Promise<boolean> {
  const ask = (path: string): Promise<Response | null> =>
    fetch(`${url}${path}`, { headers: { authorization: `Bearer ${key}` } }).catch(() => null);
  if ((await ask('/health/ready'))?.ok !== true) return false;
  const models = await ask('/v1/models');
  if (models?.ok !== true) return false;
  return ((await models.json()) as { data: unknown[] }).data.length > 0;
}

/** The caller's environment without what would lead to real providers. */
function environment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name, value]) =>
    value !== undefined && !name.endsWith('_API_KEY') && !/^(HTTPS?_PROXY|https?_proxy)$/.test(name)
    && !['NATS_URL', 'DATABASE_URL', 'HOLDFAST_CONFIG'].includes(name));
  return Object.fromEntries(kept) as Record<string, string>;
}

/** Waits until `check` gives something, at most `withinMs`. */
export async function eventually<T>(
  what: string, check: () => Promise<T | null | undefined | false>, withinMs = 30_000,
): Promise<T> {
  const until = Date.now() + withinMs;
  let last: unknown = null;
  while (Date.now() < until) {
    try {
      const value = await check();
      if (value !== null && value !== undefined && value !== false) return value;
    } catch (error) {
      last = error;
    }
    await sleep(100);
  }
  throw new Error(`${what}: not within ${withinMs} ms (${String(last)})`);
}
