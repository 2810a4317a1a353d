// For the specs of this folder: a connection to a log that was just made anew.
import { jetstreamManager } from '@nats-io/jetstream';
import { pino } from 'pino';
import { streamName } from '@libs/events/subjects';
import { connectLog, connectNats, type LogConnection, type LogSettings } from './connect';
import { ensureTopology } from './topology';

export const quietLogger = pino({ level: 'silent' });

/** Removes what earlier tests left, sets the log up and connects to it. */
export async function emptyLog(
  url: string, settings: Partial<LogSettings> = {},
): Promise<LogConnection> {
  const admin = await connectNats({ urls: url, name: 'test-admin' });
  try {
    const jsm = await jetstreamManager(admin);
    await jsm.streams.delete(streamName).catch(() => false);
    await ensureTopology(admin, { partitions: 4, replicas: 1, maxBytes: 512 * 1024 * 1024 });
  } finally {
    await admin.close();
  }
  return connectLog({ urls: url, name: 'test', ...settings }, quietLogger);
}
