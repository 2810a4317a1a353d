// The ingress process: reads settings, connects, serves, drains on SIGTERM.
import 'reflect-metadata';
import { openSubjectKeys, type SubjectKeys } from '@libs/content-keys/subject-keys';
import { isFault } from '@libs/faults/faults';
import { connectLog, type LogConnection } from '@libs/jetstream/connect';
import { openJobReads } from '@libs/postgres/job-reads';
import { beginService, settingsOrExit } from '@libs/service-life/service-life';
import { startIngress } from './ingress';
import { answerWhileStarting } from './starting-server';
import { ingressSettings, type IngressSettings } from './settings';
import { type JobArchive, NoArchive } from './shared/job-archive';

/** Long enough for balancers that ask every second to have heard `draining`. */
const drainGraceMs = 2_000;

const settings = settingsOrExit('ingress', ingressSettings);
const { instance, logger, health, registry, life } = beginService('ingress', settings);
await run().catch((error: unknown) => life.fail(error, 'the ingress cannot go on'));

async function run(): Promise<void> {
  const { HOLDFAST_HOST: host, HOLDFAST_PORT: port } = settings;
  const starting = await answerWhileStarting({ host, port });
  const connection = await connectLog({
    urls: settings.NATS_URL,
    name: instance,
    creds: settings.NATS_CREDS,
    ca: settings.NATS_CA,
    monitorUrl: settings.NATS_MONITOR_URL,
  }, logger);
  life.endWith(connection.closed());
  const ingress = await startIngress({
    log: connection.log,
    signals: connection.signals,
    partitionCount: connection.partitionCount,
    instance,
    settings,
    archive: openArchive(settings),
    subjectKeys: await openKeys(connection),
    health,
    registry,
    logger,
    now: Date.now,
    onStopped: (error) => life.fail(error, 'the ingress cannot go on'),
    durability: connection.durability,
  }, () => starting.close());
  life.ready(async () => {
    await ingress.drain({ graceMs: drainGraceMs, limitMs: settings.HOLDFAST_DRAIN_S * 1000 });
    await connection.close();
  });
}

/** How soon is looked again for a bucket that is not made yet, or a log that is away. */
const keysRetryMs = 1_000;

/** Waits for the bucket: content that is to be sealed is not taken in the open. */
async function openKeys(connection: LogConnection): Promise<SubjectKeys> {
  for (;;) {
    try {
      return await openSubjectKeys(connection.keys, settings.HOLDFAST_MASTER_KEY, Date.now);
    } catch (error) {
      if (!isFault(error, 'log_unavailable')) throw error;
      logger.warn({ err: error }, 'waiting for the bucket of data keys (holdfast init makes it)');
      await new Promise((resolve) => setTimeout(resolve, keysRetryMs));
    }
  }
}

function openArchive({ DATABASE_URL: url }: IngressSettings): JobArchive {
  if (url === undefined) return new NoArchive();
  return openJobReads(url, (error) => logger.warn({ err: error }, 'archive connection failed'));
}
