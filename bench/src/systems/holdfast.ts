// Holdfast as `npm start` runs it: `holdfast up` with a fresh data directory on free ports, all
// services, its own NATS and Postgres; the simulator is its only provider.
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { at, newDataDir } from '../root';
import { metricIn, scrape } from '../scrape';
import { type Process } from '../usage';
import { answersOk, completes, startProgram } from './program';
import { type Simulator } from './simulator';
import { type LogFigures, model, type System, type Target, type UpstreamName } from './system';

export interface HoldfastOptions {
  readonly simulator: Simulator;
  /** A disk sync for every commit, as `npm start` has it; false shows what it costs. */
  readonly fsync?: boolean;
  /** With budgets and rates at three levels, which are never met: what governance costs. */
  readonly bounded?: boolean;
  /** Kept when it is given. */
  readonly dataDir?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly readyTimeoutMs?: number;
}

export interface Holdfast extends System {
  readonly url: string;
  readonly key: string;
  readonly dataDir: string;
  /** From the start of `holdfast up` to the first answered request. */
  readonly startS: number;
  readonly logFigures: () => Promise<LogFigures>;
  readonly metricsOf: (part: ServiceName) => Promise<string>;
  /** Without draining. */
  kill(): Promise<void>;
}

export type ServiceName = 'ingress' | 'router' | 'workers' | 'audit';
export const serviceNames: readonly ServiceName[] = ['ingress', 'router', 'workers', 'audit'];

const key = 'hf-benchmark-key-0000000000000000';
/** Of the customer that is bounded. */
const boundedKey = 'hf-benchmark-key-that-is-bounded-0';
/** A first start makes a database and, at worst, fetches NATS. */
const readyTimeoutMs = 180_000;
/** Beyond the two minutes that the services may take to drain. */
const stopGraceMs = 150_000;

type Processes = Partial<Record<string, { pid: number; url: string }>>;

export async function startHoldfast(options: HoldfastOptions): Promise<Holdfast> {
  const { simulator, fsync = true, bounded = false } = options;
  const dataDir = options.dataDir ?? await newDataDir('holdfast');
  const config = path.join(dataDir, 'bench.yaml');
  await writeFile(config, configText(simulator) + (bounded ? boundsText : ''));
  const remove = async (): Promise<void> => {
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
  };
  const usedKey = bounded ? boundedKey : key;
  const startedMs = performance.now();
  const program = await startProgram({
    name: 'holdfast-up', dir: dataDir, cwd: at(),
    args: [at('dist/tools/holdfast.js'), 'up', '--port', '0', '--data-dir', dataDir,
      '--config', config],
    env: {
      HOLDFAST_BOOTSTRAP_KEY: key, HOLDFAST_NATS_SYNC: fsync ? 'always' : 'default',
      SIM_KEY: 'x', BOUNDED_KEY: boundedKey, ...options.env,
    },
    readyTimeoutMs: options.readyTimeoutMs ?? readyTimeoutMs,
    stopGraceMs,
    isReady: () => isReady(dataDir, usedKey),
  }).catch(async (error: unknown) => { await remove(); throw error; });
  const startS = (performance.now() - startedMs) / 1_000;
  const parts = await processesOf(dataDir);
  const url = parts['ingress']?.url ?? '';
  const metricsOf = (part: ServiceName): Promise<string> => scrape(parts[part]?.url ?? '');
  return {
    ...description(fsync, bounded), streams: true, version: null, url, key: usedKey, dataDir, startS,
    metricsOf, target: (upstream) => targetAt(url, upstream, usedKey),
    processes: async () => processList(await processesOf(dataDir), program.pid),
    logFigures: () => logFigures(metricsOf),
    stop: async () => { await program.stop(); await remove(); },
    kill: async () => { await program.kill(); await remove(); },
  };
}

function description(fsync: boolean, bounded: boolean): Pick<System, 'name' | 'on' | 'off'> {
  const usual = 'virtual keys, durable log, sealed content, routing with reasons, costs, archive in Postgres';
  if (bounded) {
    const on = `${usual}, fsync on every commit, three budgets and six rates at three levels`;
    return { name: 'holdfast-bounded', on, off: 'nothing' };
  }
  return fsync
    ? { name: 'holdfast', on: `${usual}, fsync on every commit`, off: 'budgets, rate limits' }
    : { name: 'holdfast-nofsync', on: usual, off: 'fsync, budgets, rate limits' };
}

/** Far above what a benchmark spends: each is counted, none is met. */
const boundsText = `customers:
  - id: bounded
    budgets: [{ limit_usd: 1000000, window: month, calendar: true }]
    rate_limits: [{ requests: 100000000, tokens: 100000000000, window: hour }]
    teams:
      - id: bounded-team
        budgets: [{ limit_usd: 1000000, window: day }]
        rate_limits: [{ requests: 100000000, tokens: 100000000000, window: hour }]
        keys:
          - id: bounded-key
            value: "\${BOUNDED_KEY}"
            budgets: [{ limit_usd: 1000000, window: total }]
            rate_limits: [{ requests: 100000000, tokens: 100000000000, window: minute }]
`;

/** One provider per behaviour of the simulator; with prices, so that costs are worked out. */
function configText(simulator: Simulator): string {
  const names = ['now', 'late', 'paced', 'stuck'];
  return `${[
    'providers:',
    ...names.map((name) => `  - { id: ${name}, type: openai, api_key: "\${SIM_KEY}", `
      + `base_url: "${simulator.baseUrl(name)}", timeouts: { total_ms: 7200000 } }`),
    'prices:',
    ...names.map((name) => `  - { provider: ${name}, model: ${model}, `
      + 'input_usd_per_mtok: 1, output_usd_per_mtok: 2 }'),
  ].join('\n')}\n`;
}

function targetAt(url: string, upstream: UpstreamName, usedKey: string): Target {
  return {
    baseUrl: `${url}/v1`, model: `${upstream}/${model}`,
    headers: { authorization: `Bearer ${usedKey}` },
  };
}

async function isReady(dataDir: string, usedKey: string): Promise<boolean> {
  const url = (await processesOf(dataDir))['ingress']?.url;
  if (url === undefined) return false;
  return await answersOk(`${url}/health/ready`) && await completes(targetAt(url, 'now', usedKey));
}

/** What runs, as the supervisor says; nothing while it is only starting. */
async function processesOf(dataDir: string): Promise<Processes> {
  const text = await readFile(path.join(dataDir, 'run/processes.json'), 'utf8').catch(() => '{}');
  return JSON.parse(text) as Processes;
}

function processList(parts: Processes, supervisor: number): Process[] {
  const list: Process[] = [...serviceNames, 'nats', 'postgres'].flatMap((name) => {
    const pid = parts[name]?.pid;
    return pid === undefined ? [] : [{ name, pid, tree: name === 'postgres' }];
  });
  return [...list, { name: 'supervisor', pid: supervisor }];
}

async function logFigures(metricsOf: Holdfast['metricsOf']): Promise<LogFigures> {
  const [router, audit] = await Promise.all([metricsOf('router'), metricsOf('audit')]);
  return {
    commits: metricIn(router, 'holdfast_router_folded_commits'),
    events: metricIn(router, 'holdfast_router_folded_events'),
    sequence: metricIn(router, 'holdfast_router_folded_sequence'),
    openJobs: metricIn(router, 'holdfast_router_jobs'),
    archivedSequence: metricIn(audit, 'holdfast_archived_sequence'),
    archiveLagS: metricIn(audit, 'holdfast_archive_lag_seconds'),
  };
}
