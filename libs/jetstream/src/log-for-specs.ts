// For the specs of this folder: a connection to a log that was just made anew.
import { jetstreamManager } from '@nats-io/jetstream';
import { pino } from 'pino';
import { type NatsConnection } from '@nats-io/transport-node';
import { streamName } from '@libs/events/subjects';
import { waitFor } from '@libs/test-kit/wait-for';
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

/**
 * Resolves when so many more pulls than `before` wait at the consumer: whoever asks for work has read
 * its position in the log by then.
 */
export async function readyToWork(
  nc: NatsConnection, { durable = 'workers', before = 0 }: { durable?: string | undefined; before?: number } = {},
): Promise<void> {
  await waitFor(async () => await waitingPulls(nc, durable) > before, { what: 'a pull for work' });
}

export async function waitingPulls(nc: NatsConnection, durable = 'workers'): Promise<number> {
  return (await (await jetstreamManager(nc)).consumers.info(streamName, durable)).num_waiting;
}
