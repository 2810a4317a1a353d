// Opens the log for a command that only reads it.
import { connectLog, type LogConnection } from '@libs/jetstream/connect';
import { createLogger } from '@libs/telemetry/logger';
import { withoutCredentials } from '../supervisor/start-stores';
import { natsUrl, type AccessFlags } from './access';
import { within } from './within';

/** The connection itself would try for ever, as services must. */
const connectWithinMs = 10_000;

export async function openLog(flags: AccessFlags): Promise<LogConnection> {
  const logger = createLogger({ service: 'cli', instance: 'cli', level: 'silent' });
  const urls = await natsUrl(flags, process.env);
  return await within(connectLog({
    urls, name: 'holdfast-cli',
    creds: process.env['NATS_CREDS'], ca: process.env['NATS_CA'],
  }, logger), connectWithinMs, `The log at ${withoutCredentials(urls)} cannot be reached.`);
}
