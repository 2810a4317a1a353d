// NATS and Postgres for a restore: those that are named, else those of the data directory, started
// for as long as it takes. Our own NATS does not sync each commit meanwhile (a hundred times as
// fast); all of it is synced before anybody builds on it.
import { access } from 'node:fs/promises';
import path from 'node:path';
import { syncFolder } from '@libs/servers/sync-folder';
import { type Environment } from '@libs/settings/environment';
import { dataDirAt, makeDataDir } from '../shared/data-dir';
import { Failure } from '../shared/failure';
import { lockDataDir } from '../supervisor/data-dir-lock';
import { stopLeftovers } from '../supervisor/leftovers';
import { defaultLogMaxBytes, foreignServerBytes } from '../supervisor/log-room';
import { natsUserNames, natsUsers } from '../supervisor/nats-users';
import { ensureSecrets } from '../supervisor/secrets';
import { startDatabase, startLogServer, type StoreContext } from '../supervisor/start-stores';
import { type UpOptions } from '../supervisor/up-options';

export interface Stores {
  readonly natsUrl: string;
  readonly databaseUrl: string;
  /** Room of the log. */
  readonly maxBytes: number;
  /** Stops what was started; what was restored is on the disk then. */
  close(): Promise<void>;
}

export async function openStores(
  given: UpOptions, env: Environment, progress: (message: string) => void,
): Promise<Stores> {
  const dir = dataDirAt(given.dataDir);
  const options = {
    ...given, natsSyncAlways: false, natsUrl: given.natsUrl ?? given.natsAdminUrl,
  };
  if (options.databaseUrl === null) await checkArchive(path.join(dir.postgres, 'data'));
  await makeDataDir(dir);
  const unlock = await lockDataDir(dir.run);
  const closers: (() => Promise<void>)[] = [unlock];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    await stopLeftovers(dir);
    const secrets = await ensureSecrets(dir.secrets, env, natsUserNames);
    const context: StoreContext = {
      options, dir, env, progress, users: natsUsers(secrets.natsPassword),
      signal: new AbortController().signal,
    };
    const database = await startDatabase(context);
    closers.push(async () => database.part?.stop());
    const log = await startLogServer(context);
    if (log.part !== null) {
      closers.push(async () => {
        await log.part?.stop();
        await syncFolder(dir.nats);
      });
    }
    const maxBytes = options.logMaxBytes
      ?? (log.part === null ? foreignServerBytes : await defaultLogMaxBytes(dir.nats));
    return { natsUrl: log.adminUrl, databaseUrl: database.url, maxBytes, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Ours would otherwise be made anew, empty. */
async function checkArchive(folder: string): Promise<void> {
  const there = await access(path.join(folder, 'PG_VERSION')).then(() => true, () => false);
  if (there) return;
  throw new Failure(`There is no archive in ${folder}. Bring it back first, or name the database in `
    + 'DATABASE_URL.');
}
