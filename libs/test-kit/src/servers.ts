// Real servers for tests, each on free ports with its own folder, gone afterwards.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { findNatsServer, type NatsBinary } from '@libs/servers/find-nats-server';
import { startNats, type NatsOptions, type RunningNats } from '@libs/servers/nats';
import { startPostgres, type RunningPostgres } from '@libs/servers/postgres';

export type TestServer<Server> = Server & {
  readonly dir: string;
  /** Stops it and removes its folder; call it in afterAll. */
  cleanup(): Promise<void>;
};

/** Fetched once and kept for all test files and later runs. */
const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');

/** A NATS server with JetStream; without `users` anybody may do everything. */
export async function startTestNats(
  options: Partial<Omit<NatsOptions, 'binary' | 'dataDir'>> = {},
): Promise<TestServer<RunningNats>> {
  const binary = await testNatsBinary();
  return await inFolder('nats', (dataDir) => startNats({ ...options, binary, dataDir }));
}

/** A PostgreSQL with an empty database. */
export async function startTestPostgres(): Promise<TestServer<RunningPostgres>> {
  return await inFolder('postgres', (dataDir) => startPostgres({ dataDir }));
}

/** The binary that tests use: found as `holdfast up` finds it. */
export async function testNatsBinary(): Promise<NatsBinary> {
  return await findNatsServer({ binDir: path.join(repository, '.holdfast/bin') });
}

async function inFolder<Server extends { stop(): Promise<void> }>(
  name: string, start: (dir: string) => Promise<Server>,
): Promise<TestServer<Server>> {
  const dir = await mkdtemp(path.join(tmpdir(), `holdfast-${name}-`));
  const remove = (): Promise<void> => rm(dir, { recursive: true, force: true });
  const server = await start(dir).catch(async (error: unknown) => {
    await remove();
    throw error;
  });
  const cleanup = async (): Promise<void> => {
    await server.stop();
    await remove();
  };
  // Not a copy: `pid` is a getter that changes with every restart.
  return Object.assign(server, { dir, cleanup });
}
