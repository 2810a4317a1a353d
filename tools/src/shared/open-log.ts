// Opens the log for a command that only reads it.
import { connectLog, type LogConnection } from '@libs/jetstream/connect';
import { createLogger } from '@libs/telemetry/logger';
import { natsUrl, type AccessFlags } from './access';

export async function openLog(flags: AccessFlags): Promise<LogConnection> {
  const logger = createLogger({ service: 'cli', instance: 'cli', level: 'silent' });
  return await connectLog({
    urls: await natsUrl(flags, process.env), name: 'holdfast-cli',
    creds: process.env['NATS_CREDS'], ca: process.env['NATS_CA'],
  }, logger);
}
