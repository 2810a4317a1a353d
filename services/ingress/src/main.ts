// The ingress process: reads settings, connects, serves, drains on SIGTERM.
import 'reflect-metadata';
import { Fault } from '@libs/faults/faults';
import { connectLog } from '@libs/jetstream/connect';
import { openJobReads } from '@libs/postgres/job-reads';
import { readSettings } from '@libs/settings/environment';
import { Health } from '@libs/telemetry/health';
import { newInstanceId } from '@libs/telemetry/ids';
import { createLogger, type Logger } from '@libs/telemetry/logger';
import { createRegistry } from '@libs/telemetry/metrics';
import { type Ingress, startIngress } from './ingress';
import { answerWhileStarting } from './starting-server';
import { ingressSettings, type IngressSettings } from './settings';
import { type JobArchive, NoArchive } from './shared/job-archive';

/** Long enough for balancers that ask every second to have heard `draining`. */
const drainGraceMs = 2_000;

const settings = readOrExit();
const instance = settings.HOLDFAST_INSTANCE ?? newInstanceId('ingress');
const logger = createLogger({
  service: 'ingress', instance, level: settings.HOLDFAST_LOG_LEVEL,
});
await run().catch((error: unknown) => fail(error, logger));

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
  void connection.closed().then((error) => {
    if (!stopping) fail(error ?? new Fault('log_unavailable', 'the connection was closed'), logger);
  });
  const ingress = await startIngress({
    log: connection.log,
    signals: connection.signals,
    partitionCount: connection.partitionCount,
    instance,
    settings,
    archive: openArchive(settings),
    health: new Health(),
    registry: createRegistry('ingress', instance),
    logger,
    now: Date.now,
    onStopped: (error) => {
      if (!stopping) fail(error, logger);
    },
    durability: connection.durability,
  }, () => starting.close());
  logger.info({ port: ingress.port }, 'ingress is ready');
  stopOnSignals(ingress, () => connection.close());
}

let stopping = false;

function stopOnSignals(ingress: Ingress, close: () => Promise<void>): void {
  const stop = (): void => {
    // A second signal forces.
    if (stopping) process.exit(1);
    stopping = true;
    const limitMs = settings.HOLDFAST_DRAIN_S * 1000;
    ingress.drain({ graceMs: drainGraceMs, limitMs })
      .then(close)
      .then(() => process.exit(0))
      .catch((error: unknown) => fail(error, logger));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

function openArchive({ DATABASE_URL: url }: IngressSettings): JobArchive {
  if (url === undefined) return new NoArchive();
  return openJobReads(url, (error) => logger.warn({ err: error }, 'archive connection failed'));
}

function readOrExit(): IngressSettings {
  try {
    return readSettings(ingressSettings);
  } catch (error) {
    process.stderr.write(`ingress: ${(error as Error).message}\n`);
    return process.exit(1);
  }
}

function fail(error: unknown, log: Logger): never {
  log.error({ err: error }, 'the ingress cannot go on');
  return process.exit(1);
}
