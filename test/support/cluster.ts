// Holdfast as separate deployments on this machine: three NATS nodes, one Postgres, two of each
// service behind a balancer, each started, stopped and killed on its own as an orchestrator would.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { natsPermissions, natsServices } from '@libs/jetstream/permissions';
import { ManagedServer } from '@libs/servers/managed-server';
import { type RunningNats, startNats } from '@libs/servers/nats';
import { type RunningPostgres, startPostgres } from '@libs/servers/postgres';
import { freePort } from '@libs/test-kit/free-port';
import { testNatsBinary } from '@libs/test-kit/servers';
import { type Balancer, startBalancer } from './balancer';
import { key } from './holdfast';

export const serviceNames = ['audit', 'router', 'workers', 'ingress'] as const;
export type ServiceName = (typeof serviceNames)[number];

export interface Member {
  readonly name: string;
  /** As an orchestrator does it: told to stop, waited for, started again. */
  rollingRestart(): Promise<void>;
  /** Killed and started again. */
  crash(): Promise<void>;
}

export interface Cluster {
  /** Of the balancer. */
  readonly url: string;
  readonly key: string;
  readonly adminToken: string;
  readonly simUrl: string;
  readonly databaseUrl: string;
  readonly natsAdminUrl: string;
  readonly nodes: readonly Member[];
  readonly services: Readonly<Record<ServiceName, readonly Member[]>>;
  readonly folder: string;
  close(): Promise<void>;
}

const run = promisify(execFile);
const adminToken = 'cluster-admin-token';
const nodeCount = 3;
const instances = 2;

export async function startCluster(): Promise<Cluster> {
  const folder = await mkdtemp(path.join(tmpdir(), 'holdfast-cluster-'));
  const closers: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const nodes = await startNodes(folder);
    for (const node of nodes) closers.push(() => node.stop());
    const postgres = await startPostgres({ dataDir: path.join(folder, 'postgres') });
    closers.push(() => postgres.stop());
    await holdfast(['init', '--replicas', '3', '--max-bytes', String(2 * 1024 ** 3)], {
      NATS_ADMIN_URL: urlFor(nodes, 'admin'),
    });
    const sim = await startSim(folder);
    closers.push(() => sim.stop());
    const services = await startServices({ folder, nodes, postgres, closers });
    const balancer = await startBalancer(services.ingress.map(({ url }) => url));
    closers.push(() => balancer.close());
    await configure(balancer, folder, sim.url);
    return {
      url: balancer.url, key, adminToken, simUrl: sim.url, databaseUrl: postgres.url, folder, close,
      natsAdminUrl: urlFor(nodes, 'admin'), nodes: nodes.map(nodeMember), services,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** One user for each service with its permissions; all nodes know the same ones. */
async function startNodes(folder: string): Promise<RunningNats[]> {
  const binary = await testNatsBinary();
  const routes: number[] = [];
  for (let node = 0; node < nodeCount; node += 1) routes.push(await freePort());
  const users = [
    { user: 'admin', password: 'admin-pw' },
    ...natsServices.map((user) => (
      { user, password: `${user}-pw`, permissions: natsPermissions(user) })),
  ];
  // A node alone is not ready: there is no majority.
  return Promise.all(routes.map((port, index) => startNats({
    binary, users, dataDir: path.join(folder, `nats-${index}`),
    cluster: { serverName: `node-${index}`, port, routes },
  })));
}

function nodeMember(node: RunningNats, index: number): Member {
  return {
    name: `nats-${index}`,
    rollingRestart: async () => {
      const { pid } = node;
      // Lame duck mode: it gives its leaders away, lets its clients go, and ends by itself.
      node.signal('SIGUSR2');
      await gone(pid);
      await node.restart();
    },
    crash: async () => {
      await node.kill('SIGKILL');
      await node.restart();
    },
  };
}

async function gone(pid: number | null): Promise<void> {
  while (pid !== null && alive(pid)) await new Promise((resolve) => setTimeout(resolve, 100));
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function urlFor(nodes: readonly RunningNats[], user: string): string {
  return nodes.map((node) => node.urlFor(user)).join(',');
}

interface Service extends Member {
  readonly url: string;
  start(): Promise<void>;
}

async function startServices({ folder, nodes, postgres, closers }: {
  folder: string; nodes: readonly RunningNats[]; postgres: RunningPostgres;
  closers: (() => Promise<unknown>)[];
}): Promise<Record<ServiceName, Service[]>> {
  const services: Record<ServiceName, Service[]> = { audit: [], router: [], workers: [], ingress: [] };
  for (const name of serviceNames) {
    for (let index = 0; index < instances; index += 1) {
      const port = await freePort();
      const server = program(folder, `${name}-${index}`, {
        program: `services/${name}/main.js`, port, readyPath: '/health/ready', env: {
          NATS_URL: urlFor(nodes, name), DATABASE_URL: postgres.url, HOLDFAST_PORT: String(port),
          HOLDFAST_ADMIN_TOKEN: adminToken, HOLDFAST_MASTER_KEY: 'cluster-master-key',
          HOLDFAST_BOOTSTRAP_KEY: key, HOLDFAST_INSTANCE: `${name}-${index}`, HOLDFAST_DRAIN_S: '30',
        },
      });
      closers.push(() => server.stop());
      services[name].push(serviceMember(`${name}-${index}`, `http://127.0.0.1:${port}`, server));
    }
    await Promise.all(services[name].map((service) => service.start()));
  }
  return services;
}

function serviceMember(name: string, url: string, server: ManagedServer): Service {
  return {
    name, url,
    start: () => server.start(),
    rollingRestart: () => server.restart(),
    crash: async () => {
      await server.kill('SIGKILL');
      await server.restart();
    },
  };
}

function program(folder: string, name: string, spec: {
  program: string; port: number; readyPath: string; args?: readonly string[];
  env: Record<string, string>;
}): ManagedServer {
  const marker = `holdfast-cluster-${name}:${folder}`;
  const url = `http://127.0.0.1:${spec.port}${spec.readyPath}`;
  return new ManagedServer({
    name, marker,
    command: {
      argv: [process.execPath, `--title=${marker}`, '--enable-source-maps',
        path.resolve('dist', spec.program), ...spec.args ?? []],
      env: { PATH: process.env['PATH'] ?? '', ...spec.env },
    },
    pidFile: path.join(folder, `${name}.pid.json`),
    logFile: path.join(folder, `${name}.log`),
    isReady: () => fetch(url).then((answer) => answer.ok, () => false),
    readyTimeoutMs: 60_000, stopSignal: 'SIGTERM', stopGraceMs: 40_000, orphanSignal: 'SIGKILL',
  });
}

async function startSim(folder: string): Promise<{ url: string; stop(): Promise<void> }> {
  const port = await freePort();
  const server = program(folder, 'sim', {
    program: 'tools/provider-sim.js', port, readyPath: '/v1/models', env: {},
    args: ['--port', String(port), '--ledger-records', '200000'],
  });
  await server.start();
  return { url: `http://127.0.0.1:${port}`, stop: () => server.stop() };
}

async function configure(balancer: Balancer, folder: string, simUrl: string): Promise<void> {
  const file = path.join(folder, 'holdfast.yaml');
  await writeFile(file, `providers:
  - { id: sim-openai, type: openai, base_url: "${simUrl}/p/sim-openai/v1", fallback: true }
  - { id: sim-anthropic, type: anthropic, base_url: "${simUrl}/p/sim-anthropic", fallback: true,
      default_model: claude-sonnet-4-5 }
webhooks: { allow_private: true }
`);
  while (balancer.ready().length < instances) await new Promise((resolve) => setTimeout(resolve, 50));
  await holdfast(['apply', file], { HOLDFAST_URL: balancer.url, HOLDFAST_ADMIN_TOKEN: adminToken });
}

async function holdfast(args: readonly string[], env: Record<string, string>): Promise<string> {
  const { stdout } = await run(process.execPath, ['dist/tools/holdfast.js', ...args], {
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env },
  });
  return stdout;
}
