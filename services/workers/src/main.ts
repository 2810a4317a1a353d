// The workers' process: reads its settings, wires the worker, drains on the first signal.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { connectLog } from '@libs/jetstream/connect';
import { DeliveryErrorFilter, JetStreamStrategy } from '@libs/jetstream/delivery-strategy';
import { workersConsumer } from '@libs/jetstream/topology';
import { subjects } from '@libs/events/subjects';
import { readSettings } from '@libs/settings/environment';
import { Health } from '@libs/telemetry/health';
import { serveHealth } from '@libs/telemetry/health-server';
import { newInstanceId } from '@libs/telemetry/ids';
import { createLogger, NestLogger } from '@libs/telemetry/logger';
import { counter, createRegistry } from '@libs/telemetry/metrics';
import { providerDispatchers } from './providers/dispatchers';
import { callProvider } from './providers/provider';
import { workerSettings } from './settings';
import { foldGovernance } from './shared/governance-fold';
import { ackWaitMs, Worker } from './worker';
import { WorkersModule } from './workers.module';

const settings = readSettings(workerSettings);
const instance = settings.HOLDFAST_INSTANCE ?? newInstanceId('worker');
const logger = createLogger({ service: 'workers', instance, level: settings.HOLDFAST_LOG_LEVEL });
const health = new Health();
const registry = createRegistry('workers', instance);
const parked = counter(registry, 'commits_parked_total', 'Commits that could not be read');
const server = await serveHealth(health, registry, {
  host: settings.HOLDFAST_HOST, port: settings.HOLDFAST_PORT,
});

process.once('SIGTERM', () => onSignal('SIGTERM'));
process.once('SIGINT', () => onSignal('SIGINT'));
let stop: () => Promise<void> = () => Promise.resolve();
/** A signal may change it at any await. */
const life = { stopping: false };

const connection = await connectLog({
  urls: settings.NATS_URL, name: instance, creds: settings.NATS_CREDS, ca: settings.NATS_CA,
  monitorUrl: settings.NATS_MONITOR_URL,
  // The call was made and may have cost: its outcome is kept until the log is back.
  whenUnreachable: 'keep',
}, logger);
health.set('nats', 'up', `durability: ${connection.durability}`);
connection.link.listen(({ kind }) => {
  const isUp = connection.signals.connected;
  health.set('nats', isUp ? 'up' : 'down', isUp ? `durability: ${connection.durability}` : kind);
});
void connection.closed().then((error) => {
  if (life.stopping) return;
  logger.error({ err: error }, 'the connection to the log is closed for good');
  process.exit(1);
});

const governance = await foldGovernance(connection.log, (error) => {
  // Providers and endpoints would stay as they are now, silently.
  logger.error({ err: error }, 'the fold of events.governance cannot go on');
  process.exit(1);
});
const proxy = {
  httpProxy: settings.HTTP_PROXY ?? null, httpsProxy: settings.HTTPS_PROXY ?? null,
  noProxy: settings.NO_PROXY ?? null,
};
const dispatchers = providerDispatchers(proxy);
const worker = new Worker({
  instance, governance, registry, proxy,
  log: connection.log,
  signals: connection.signals,
  callProvider: (target, request, onDelta) => callProvider(target, request, onDelta, { dispatchers }),
  capacity: settings.HOLDFAST_WORKER_CAPACITY,
  webhookCapacity: settings.HOLDFAST_WEBHOOK_CAPACITY,
  masterKey: settings.HOLDFAST_MASTER_KEY,
  publicUrl: settings.HOLDFAST_PUBLIC_URL ?? null,
  now: () => Date.now(),
});

const strategy = new JetStreamStrategy(connection.work, {
  durable: workersConsumer,
  subjects: [subjects.job('*', 'routed')],
  ackWaitMs,
  hasRoom: () => worker.hasRoom,
  drainMs: settings.HOLDFAST_DRAIN_S * 1000,
  onPoison: ({ sequence, subject }, error) => {
    parked.inc();
    logger.error({ err: error, sequence, subject }, 'a commit cannot be handled and is parked');
  },
});
const app = await NestFactory.createMicroservice(WorkersModule.with(worker), {
  strategy, logger: new NestLogger(logger), abortOnError: false,
});
app.useGlobalFilters(new DeliveryErrorFilter());
await app.listen();

stop = async () => {
  worker.drain();
  // Takes nothing more and waits for what runs.
  await app.close();
  await worker.close();
  await governance.stop();
  await dispatchers.close();
  await connection.close();
};
if (!life.stopping) health.phase = 'ready';
logger.info({ port: settings.HOLDFAST_PORT }, 'workers are ready');

function onSignal(signal: string): void {
  life.stopping = true;
  health.phase = 'draining';
  logger.info({ signal, seconds: settings.HOLDFAST_DRAIN_S }, 'workers are draining');
  const force = (): never => process.exit(1);
  process.once('SIGTERM', force);
  process.once('SIGINT', force);
  stop().then(
    () => {
      server.close();
      server.closeAllConnections();
      process.exit(0);
    },
    (error: unknown) => {
      logger.error({ err: error }, 'stopping failed');
      process.exit(1);
    },
  );
}
