// Runs the product as its users do: `holdfast up` as a process, on free ports with a data directory
// of its own; reaches into it from outside only (HTTP, signals to processes by id, admin's NATS).
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { configEnvironment, configText } from './config';
import { patiently } from './patience';
import { type Simulator } from './simulator';
import { tenants } from './tenants';

export type PartName = 'nats' | 'postgres' | 'ingress' | 'router' | 'workers' | 'audit';
type Processes = Partial<Record<PartName, { readonly pid: number; readonly url: string }>>;

export interface ProductOptions {
  /** Holds dist/ and node_modules: the repository, or a copy with a planted defect. */
  readonly root: string;
  readonly dataDir: string;
  readonly providerUrls: Simulator['urls'];
  /** Loaded into every service before its own code. */
  readonly preload: string;
  readonly natsSync: 'always' | 'default';
}

export interface CommandEnd {
  readonly code: number | null;
  readonly output: string;
}

export interface Product {
  readonly url: string;
  readonly dataDir: string;
  /** Waits while the supervisor is starting it. */
  pidOf(part: PartName): Promise<number>;
  /** Null while it does not run. */
  pidNow(part: PartName): Promise<number | null>;
  /** With the admin user's credentials. */
  natsUrl(): Promise<string>;
  databaseUrl(): Promise<string>;
  /** Runs one of its commands; its exit code and what it printed. */
  command(args: readonly string[]): Promise<CommandEnd>;
  stop(): Promise<void>;
}

/** First start includes making a database and, at worst, fetching NATS. */
const startMsMax = 180_000;
/** What is stopped at the end has nothing left to finish. */
const drainS = 5;
/** All parts one after the other, each killed when its grace is over; they die with it, at worst. */
const stopMsMax = 120_000;

export async function startProduct(options: ProductOptions): Promise<Product> {
  const { root, dataDir } = options;
  const child = await launch(options);
  const exited = new Promise<void>((resolve) => void child.once('exit', () => resolve()));
  const processes = async (): Promise<Processes> =>
    JSON.parse(await readFile(path.join(dataDir, 'run/processes.json'), 'utf8')) as Processes;
  const stop = async (): Promise<void> => {
    child.kill('SIGINT');
    const timer = setTimeout(() => child.kill('SIGKILL'), stopMsMax);
    await exited;
    clearTimeout(timer);
  };
  const part = (name: PartName) => patiently(`the process of ${name}`, async () => {
    const found = (await processes())[name];
    if (found === undefined) throw new Error(`${name} is not running`);
    return found;
  });
  try {
    const url = await ready(processes, child);
    return {
      url, dataDir, stop,
      pidOf: async (name) => (await part(name)).pid,
      pidNow: async (name) => (await processes())[name]?.pid ?? null,
      natsUrl: async () => withAdmin((await part('nats')).url, dataDir),
      databaseUrl: async () => withPassword((await part('postgres')).url, dataDir),
      command: (args) => runCommand(root, [...args, '--data-dir', dataDir]),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function launch(options: ProductOptions): Promise<ChildProcess> {
  const { root, dataDir, providerUrls, preload, natsSync } = options;
  const config = path.join(dataDir, 'holdfast.yaml');
  await mkdir(path.join(dataDir, 'clocks'), { recursive: true, mode: 0o700 });
  await writeFile(config, configText(providerUrls));
  const log = createWriteStream(path.join(dataDir, 'up.log'), { flags: 'a' });
  const child = spawn(process.execPath, [
    program(root), 'up', '--port', '0', '--data-dir', dataDir, '--config', config,
  ], {
    env: {
      ...harmless(process.env), ...configEnvironment(),
      HOLDFAST_NODE_ARGS: `--import ${preload}`,
      HOLDFAST_NATS_SYNC: natsSync,
      HOLDFAST_DRAIN_S: String(drainS),
      HOLDFAST_LOG_LEVEL: 'info',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  return child;
}

/** Resolves with the base URL once a first request would be served. */
async function ready(processes: () => Promise<Processes>, child: ChildProcess): Promise<string> {
  const until = performance.now() + startMsMax;
  while (performance.now() < until) {
    if (child.exitCode !== null) throw new Error(`holdfast up ended with ${child.exitCode}`);
    const url = await processes().then(({ ingress }) => ingress?.url, () => undefined);
    if (url !== undefined && await answers(url)) return url;
    await sleep(100);
  }
  throw new Error(`holdfast up was not ready within ${startMsMax / 1000} s`);
}

async function answers(url: string): Promise<boolean> {
  const key = tenants[0]?.key ?? '';
  const answer = await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${key}` } })
    .catch(() => null);
  if (answer?.ok !== true) return false;
  const { data } = await answer.json() as { data?: { id: string }[] };
  return data?.some(({ id }) => id === 'chat') === true;
}

async function withAdmin(url: string, dataDir: string): Promise<string> {
  const file = path.join(dataDir, 'secrets/nats-users.json');
  const { admin = '' } = JSON.parse(await readFile(file, 'utf8')) as Record<string, string>;
  return url.replace('//', `//admin:${encodeURIComponent(admin)}@`);
}

async function withPassword(url: string, dataDir: string): Promise<string> {
  const password = (await readFile(path.join(dataDir, 'postgres/password'), 'utf8')).trim();
  return url.replace('//', `//holdfast:${encodeURIComponent(password)}@`);
}

function runCommand(root: string, args: readonly string[]): Promise<CommandEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program(root), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const note = (text: Buffer): void => { output += text.toString(); };
    child.stdout.on('data', note);
    child.stderr.on('data', note);
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

function program(root: string): string {
  return path.join(root, 'dist/tools/holdfast.js');
}

/** Without what would lead to other servers, real providers or another configuration. */
function harmless(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const other = /_API_KEY$|_PROXY$|_proxy$|^NATS_(?!CA)|^DATABASE_URL$|^HOLDFAST_(?!NATS_SERVER)/;
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !other.test(name)));
}
