// NATS and Postgres for `holdfast up`: those that are named, else our own.
import { type NatsUser } from '@libs/servers/nats-config';
import { findNatsServer } from '@libs/servers/find-nats-server';
import { startNats } from '@libs/servers/nats';
import { versionText } from '@libs/servers/nats-version';
import { startPostgres } from '@libs/servers/postgres';
import { type Environment } from '@libs/settings/environment';
import { type DataDir } from '../shared/data-dir';
import { binDir } from '../shared/program-root';
import { type Part } from './supervised';
import { type UpOptions } from './up-options';

export interface LogServer {
  /** Null: somebody else runs it. */
  readonly part: Part | null;
  readonly description: string;
  readonly adminUrl: string;
  readonly monitorUrl: string | null;
  /** How a service of that name connects. */
  readonly urlFor: (service: string) => string;
}

export interface DatabaseServer {
  readonly part: Part | null;
  readonly description: string;
  readonly url: string;
}

export interface StoreContext {
  readonly options: UpOptions;
  readonly dir: DataDir;
  readonly env: Environment;
  readonly users: readonly NatsUser[];
  readonly progress: (message: string) => void;
  /** Aborted when everything is to stop while it is still starting. */
  readonly signal: AbortSignal;
}

export async function startLogServer(context: StoreContext): Promise<LogServer> {
  const { options, dir, env, users, progress } = context;
  const { natsUrl } = options;
  if (natsUrl !== null) {
    return {
      part: null, description: `NATS at ${withoutCredentials(natsUrl)}`,
      adminUrl: options.natsAdminUrl ?? natsUrl,
      monitorUrl: env['NATS_MONITOR_URL'] ?? null,
      urlFor: () => natsUrl,
    };
  }
  const binary = await findNatsServer({ env, binDir: await binDir(dir.bin), onProgress: progress });
  progress(`starting NATS ${versionText(binary.version)}`);
  const nats = await startNats({
    binary, dataDir: dir.nats, users, syncAlways: options.natsSyncAlways,
    signal: context.signal,
  });
  const part: Part = {
    name: 'nats', url: nats.url,
    get pid() { return nats.pid; },
    restart: () => nats.restart(),
    stop: () => nats.stop(),
    signal: (signal) => nats.signal(signal),
    onExit: (listener) => nats.onExit(listener),
  };
  return {
    part, description: `NATS ${versionText(binary.version)}, our own`,
    adminUrl: nats.adminUrl, monitorUrl: nats.monitorUrl, urlFor: (user) => nats.urlFor(user),
  };
}

export async function startDatabase(context: StoreContext): Promise<DatabaseServer> {
  const { options: { databaseUrl }, dir, progress } = context;
  if (databaseUrl !== null) {
    const description = `Postgres at ${withoutCredentials(databaseUrl)}`;
    return { part: null, description, url: databaseUrl };
  }
  progress('starting Postgres');
  const postgres = await startPostgres({ dataDir: dir.postgres, signal: context.signal });
  const part: Part = {
    name: 'postgres', url: withoutCredentials(postgres.url),
    get pid() { return postgres.pid; },
    restart: () => postgres.restart(),
    stop: () => postgres.stop(),
    signal: (signal) => postgres.signal(signal),
    onExit: (listener) => postgres.onExit(listener),
  };
  return { part, description: 'Postgres, our own', url: postgres.url };
}

export function withoutCredentials(url: string): string {
  return url.replace(/\/\/[^@/]*@/g, '//');
}
