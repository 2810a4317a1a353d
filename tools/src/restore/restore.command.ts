// `holdfast restore`: makes a lost log again from the archive. Everything else must be stopped.
import { type Command } from 'commander';
import { connectNats } from '@libs/jetstream/connect';
import { openKeyStore } from '@libs/jetstream/key-bucket';
import { ensureBuckets } from '@libs/jetstream/topology';
import { migrate, openDatabase } from '@libs/postgres/database';
import { takeWriterLock } from '@libs/postgres/writer-lock';
import { isFault } from '@libs/faults/faults';
import { Failure } from '../shared/failure';
import { withExamples } from '../shared/flags';
import { terminal, type Terminal } from '../shared/terminal';
import { within } from '../shared/within';
import { withoutCredentials } from '../supervisor/start-stores';
import { type UpOptions, upOptions } from '../supervisor/up-options';
import { openStores, type Stores } from './own-stores';
import { restoreKeys } from './restore-keys';
import { restoreLog, type RestoreSummary } from './restore-log';

interface Flags {
  readonly dataDir?: string;
  readonly keepDays: string;
  readonly all?: boolean;
  readonly keysOnly?: boolean;
  readonly json?: boolean;
}

/** As HOLDFAST_LOG_KEEP_DAYS of audit, which trims the log by it. */
const keepDaysDefault = '7';
const connectWithinMs = 60_000;
const dayMs = 86_400_000;

export function addRestore(program: Command): void {
  const command = program.command('restore')
    .description('make a lost log again from the archive, with its sequences; stop everything first')
    .option('--data-dir <path>', 'data directory of `holdfast up` (HOLDFAST_DATA_DIR)')
    .option('--keep-days <n>', 'what the log is to hold, besides open jobs and all configuration',
      process.env['HOLDFAST_LOG_KEEP_DAYS'] ?? keepDaysDefault)
    .option('--all', 'everything that is archived')
    .option('--keys-only', 'only the data keys of content, where their bucket alone was lost')
    .option('--json', 'print JSON');
  withExamples(command, ['restore', 'restore --all --json', 'restore --keep-days 2']);
  command.addHelpText('after', `
NATS and Postgres of the data directory are started for as long as it takes; NATS_ADMIN_URL and
DATABASE_URL name others. Run again after a failure: it goes on where it stopped.`);
  command.action(async (flags: Flags) => {
    const out = terminal(flags.json);
    const options = upOptions(flags, process.env, process.cwd());
    const stores = await openStores(options, process.env, (message) => out.progress(message));
    try {
      const summary = await restore(stores, options, { flags, out });
      out.print(flags.json === true ? JSON.stringify(summary) : described(summary));
    } finally {
      await stores.close();
    }
  });
}

async function restore(
  stores: Stores, options: UpOptions, { flags, out }: { flags: Flags; out: Terminal },
): Promise<RestoreSummary | KeysSummary> {
  const { databaseUrl: url, natsUrl, maxBytes } = stores;
  await migrate(url);
  const lock = await takeWriterLock(url);
  if (lock === null) throw new Failure('An audit is archiving: stop every service first.');
  const database = openDatabase({
    url, connectionsMax: 2, statementTimeoutMs: 0,
    onError: (error) => out.progress(`postgres: ${error.message}`),
  });
  const nats = await within(
    connectNats({
      urls: natsUrl, name: 'holdfast-restore', creds: process.env['NATS_CREDS'],
      ca: process.env['NATS_CA'],
    }),
    connectWithinMs, `NATS at ${withoutCredentials(natsUrl)} cannot be reached.`,
  );
  try {
    if (flags.keysOnly === true) {
      await ensureBuckets(nats, options.replicas);
      const store = await openKeyStore(nats);
      return { keys: await restoreKeys(database, store, (message) => out.progress(message), Date.now()) };
    }
    return await restoreLog({
      database, nats, progress: (message) => out.progress(message),
      stream: { replicas: options.replicas, maxBytes }, partitionsDefault: options.partitions,
    }, flags.all === true ? null : Date.now() - Number(flags.keepDays) * dayMs);
  } catch (error) {
    if (!isFault(error, 'log_conflict')) throw error;
    throw new Failure(`${error.message}. Nothing was changed. If it is to be replaced by what is `
      + 'archived, delete it first (its folder, or the stream).');
  } finally {
    await nats.close();
    await database.close();
    await lock.release();
  }
}

interface KeysSummary {
  readonly keys: number;
}

function described(summary: RestoreSummary | KeysSummary): string {
  if (!('commits' in summary)) return `Restored ${summary.keys} data keys.`;
  const { first_sequence: first, last_sequence: last, commits, objects, keys, partitions } = summary;
  return `Restored ${commits} commits (${first} to ${last}), ${objects} large contents, ${
    keys} data keys, ${partitions} partitions in ${summary.seconds} s; compared with the archive, byte for byte.`;
}
