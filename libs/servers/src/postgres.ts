// Runs a PostgreSQL of ours on loopback, from the binaries that npm installed.
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isFault } from '@libs/faults/faults';
import { freePort } from './free-port';
import { ManagedServer, tail, type ServerExit } from './managed-server';
import { findPostgresBinaries } from './postgres-binaries';
import {
  postgresDatabase, postgresUser, preparePostgresData, type PostgresData,
} from './postgres-data';
import { isOurProcess, stopPid } from './process-identity';
import { withoutRoot } from './unprivileged';

export interface PostgresOptions {
  /** Holds the cluster, its password, the log file and the pid file. */
  readonly dataDir: string;
  /** A free one when absent. */
  readonly port?: number;
  /** Aborting stops it while it is starting. */
  readonly signal?: AbortSignal;
}

export interface RunningPostgres {
  /** With user, password and database. */
  readonly url: string;
  readonly port: number;
  readonly pid: number | null;
  stop(): Promise<void>;
  kill(signal?: NodeJS.Signals): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** Also after a kill or a crash. */
  restart(): Promise<void>;
  /** Stops it, waits, and starts it again: an outage on purpose. */
  stopFor(outageMs: number): Promise<void>;
  /** Called when it ends by itself. */
  onExit(listener: (exit: ServerExit) => void): void;
}

/** After a kill the old backends hold the shared memory for a moment longer. */
const retryStartForMs = 15_000;

/** @throws Fault server_missing when it does not become ready. */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const binaries = await findPostgresBinaries(path.join(options.dataDir, 'lib'));
  const prefix = await withoutRoot();
  const data = await preparePostgresData(options.dataDir, binaries, prefix);
  const port = options.port ?? await freePort();
  const server = new ManagedServer({
    name: 'postgres',
    command: {
      argv: [...prefix, binaries.postgres, '-D', data.dataDir, ...settings(port)],
      env: { ...process.env, ...binaries.env },
    },
    marker: data.dataDir,
    pidFile: path.join(options.dataDir, 'postgres.pid.json'),
    logFile: path.join(options.dataDir, 'postgres.log'),
    isReady: (pid) => isReady(data.dataDir, pid),
    readyTimeoutMs: 120_000,
    // PostgreSQL's "fast" shutdown: open connections are ended, everything is written.
    stopSignal: 'SIGINT',
    stopGraceMs: 20_000,
    orphanSignal: 'SIGINT',
  });
  await startClean(server, data.dataDir, options.signal);
  return running(server, data, port);
}

/** Modest: a read model beside four services on a small machine. */
function settings(port: number): string[] {
  const values = {
    listen_addresses: '127.0.0.1', port, unix_socket_directories: '',
    max_connections: 50, shared_buffers: '64MB', fsync: 'on', synchronous_commit: 'on',
    // A copy of the log is rebuilt from the log; longer checkpoints spare the disk it shares.
    checkpoint_timeout: '15min', max_wal_size: '512MB', log_min_messages: 'warning',
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

async function startClean(
  server: ManagedServer, dataDir: string, signal?: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + retryStartForMs;
  for (;;) {
    await clearPostmaster(dataDir);
    try {
      await server.start(signal);
      return;
    } catch (error) {
      const busy = isFault(error) && /shared memory|lock file/.test(error.message)
        && /shared memory|lock file/.test(await tail(server.spec.logFile, 600));
      if (!busy || performance.now() > deadline) throw error;
      await sleep(300);
    }
  }
}

/**
 * A killed server leaves postmaster.pid behind; once its pid belongs to a stranger PostgreSQL
 * refuses to start. Ours, still running, is stopped.
 */
async function clearPostmaster(dataDir: string): Promise<void> {
  const pid = Number((await postmasterLines(dataDir))[0]);
  if (!Number.isInteger(pid) || pid <= 0) return;
  if (await isOurProcess({ pid, marker: dataDir })) {
    await stopPid(pid, { signal: 'SIGINT', graceMs: 20_000 });
  }
  await rm(path.join(dataDir, 'postmaster.pid'), { force: true });
}

/** PostgreSQL writes its state into line eight of its own pid file. */
async function isReady(dataDir: string, pid: number): Promise<boolean> {
  const lines = await postmasterLines(dataDir);
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
}

async function postmasterLines(dataDir: string): Promise<string[]> {
  const file = path.join(dataDir, 'postmaster.pid');
  return await readFile(file, 'utf8').then((text) => text.split('\n'), () => []);
}

function running(server: ManagedServer, data: PostgresData, port: number): RunningPostgres {
  const restart = async (): Promise<void> => {
    await server.stop();
    await startClean(server, data.dataDir);
  };
  return {
    url: `postgres://${postgresUser}:${data.password}@127.0.0.1:${port}/${postgresDatabase}`,
    port,
    get pid() { return server.pid; },
    stop: () => server.stop(),
    kill: (signal) => server.kill(signal),
    signal: (signal) => server.signal(signal),
    restart,
    stopFor: async (outageMs) => {
      await server.stop();
      await sleep(outageMs);
      await restart();
    },
    onExit: (listener) => server.onExit(listener),
  };
}
