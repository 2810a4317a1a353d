// Runs a NATS server of ours: configuration written, process started, ready by its own health check.
// Its ports stay the same over restarts, so that clients find it again.
import { mkdir, statfs, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { type NatsBinary } from './find-nats-server';
import { freePort } from './free-port';
import { ManagedServer, type ServerExit } from './managed-server';
import { type NatsClusterNode, renderNatsConfig, type NatsUser } from './nats-config';
import { canSyncAlways, type NatsVersion } from './nats-version';

export interface NatsOptions {
  readonly binary: NatsBinary;
  /** Holds nats.conf, the log file, the pid file and JetStream's store. */
  readonly dataDir: string;
  /** A free one when absent. */
  readonly port?: number;
  readonly monitorPort?: number;
  /** The first one without `permissions` is the admin; none: no authentication. */
  readonly users?: readonly NatsUser[];
  /** A disk sync for every message; true unless a test wants speed over power-loss safety. */
  readonly syncAlways?: boolean;
  /** Aborting stops it while it is starting. */
  readonly signal?: AbortSignal;
  /** It is a node of a cluster. */
  readonly cluster?: NatsClusterNode;
}

export interface RunningNats {
  readonly version: NatsVersion;
  readonly host: string;
  readonly port: number;
  /** Without credentials. */
  readonly url: string;
  /** With the credentials of the user that may do everything. */
  readonly adminUrl: string;
  readonly monitorUrl: string;
  readonly pid: number | null;
  /** With the credentials of the user of that name. */
  urlFor(user: string): string;
  stop(): Promise<void>;
  kill(signal?: NodeJS.Signals): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** Also after a kill or a crash. */
  restart(): Promise<void>;
  /** Called when it ends by itself. */
  onExit(listener: (exit: ServerExit) => void): void;
}

/** Other things live on the volume too; the streams have tighter limits of their own. */
const volumeShare = 0.9;
/**
 * It shares the machine with at least four other processes. With a thread for every core each
 * message wakes several of them: half the cores cost it a quarter less CPU for a commit (2 cores).
 */
const goProcsMax = Math.max(1, Math.floor(availableParallelism() / 2));
/** Recovery reads every message block; minutes for tens of gigabytes after a crash. */
const readyTimeoutMs = 180_000;

/** @throws Fault server_missing when it does not become ready. */
export async function startNats(options: NatsOptions): Promise<RunningNats> {
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  const host = '127.0.0.1';
  const port = options.port ?? await freePort(host);
  const monitorPort = options.monitorPort ?? await freePort(host);
  const configFile = path.resolve(options.dataDir, 'nats.conf');
  await writeFile(configFile, await configText(options, { host, port, monitorPort }),
    { mode: 0o600 });
  const monitorUrl = `http://127.0.0.1:${monitorPort}`;
  const server = new ManagedServer({
    name: 'nats-server',
    command: {
      argv: [options.binary.path, '--config', configFile],
      env: { ...process.env, GOMAXPROCS: String(goProcsMax) },
    },
    marker: configFile,
    pidFile: path.join(options.dataDir, 'nats.pid.json'),
    logFile: path.join(options.dataDir, 'nats.log'),
    isReady: () => isHealthy(`${monitorUrl}/healthz`),
    readyTimeoutMs,
    stopSignal: 'SIGTERM',
    stopGraceMs: 15_000,
    orphanSignal: 'SIGTERM',
  });
  await server.start(options.signal);
  return running(server, options, { host, port, monitorUrl });
}

async function configText(
  options: NatsOptions, address: { host: string; port: number; monitorPort: number },
): Promise<string> {
  // Of the whole volume and not of what is free now: the limit must not shrink below what is
  // already stored when the server starts again.
  const { blocks, bsize } = await statfs(options.dataDir);
  return renderNatsConfig({
    ...address,
    storeDir: path.resolve(options.dataDir, 'store'),
    maxFileStoreBytes: Math.floor(blocks * bsize * volumeShare),
    syncInterval:
      options.syncAlways !== false && canSyncAlways(options.binary.version) ? 'always' : null,
    users: options.users ?? [],
    cluster: options.cluster,
  });
}

function running(
  server: ManagedServer, options: NatsOptions,
  { host, port, monitorUrl }: { host: string; port: number; monitorUrl: string },
): RunningNats {
  const users = options.users ?? [];
  const urlFor = (name: string): string => {
    const user = users.find((each) => each.user === name);
    if (user === undefined) throw new Error(`nats-server has no user ${name}`);
    const credentials = `${encodeURIComponent(user.user)}:${encodeURIComponent(user.password)}`;
    return `nats://${credentials}@${host}:${port}`;
  };
  const url = `nats://${host}:${port}`;
  const admin = users.find((user) => user.permissions === undefined);
  return {
    version: options.binary.version, host, port, url, monitorUrl, urlFor,
    adminUrl: admin === undefined ? url : urlFor(admin.user),
    get pid() { return server.pid; },
    stop: () => server.stop(),
    kill: (signal) => server.kill(signal),
    signal: (signal) => server.signal(signal),
    restart: () => server.restart(),
    onExit: (listener) => server.onExit(listener),
  };
}

async function isHealthy(url: string): Promise<boolean> {
  return await fetch(url, { signal: AbortSignal.timeout(2_000) })
    .then(async (response) => { await response.arrayBuffer(); return response.ok; }, () => false);
}
