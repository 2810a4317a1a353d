// The workers' process: reads its settings, wires the worker, drains on the first signal.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { ContentKeys } from '@libs/content-keys/content-keys';
import { MasterKey } from '@libs/content-keys/master-key';
import { connectLog } from '@libs/jetstream/connect';
import { DeliveryErrorFilter, JetStreamStrategy } from '@libs/jetstream/delivery-strategy';
import { workersConsumer } from '@libs/jetstream/topology';
import { subjects } from '@libs/events/subjects';
import { egressProxy } from '@libs/settings/egress-proxy';
import { beginService, settingsOrExit } from '@libs/service-life/service-life';
import { serveHealth } from '@libs/telemetry/health-server';
import { NestLogger } from '@libs/telemetry/logger';
import { counter } from '@libs/telemetry/metrics';
import { providerDispatchers } from './providers/dispatchers';
import { callProvider } from './providers/provider';
import { workerSettings } from './settings';
import { foldGovernance } from './shared/governance-fold';
import { ackWaitMs, Worker } from './worker';
import { WorkersModule } from './workers.module';

const settings = settingsOrExit('workers', workerSettings);
const { instance, logger, health, registry, life } = beginService('workers', settings);
const parked = counter(registry, 'commits_parked_total', 'Commits that could not be read');
const server = await serveHealth(health, registry, {
  host: settings.HOLDFAST_HOST, port: settings.HOLDFAST_PORT,
});

const connection = await connectLog({
  urls: settings.NATS_URL, name: instance, creds: settings.NATS_CREDS, ca: settings.NATS_CA,
  monitorUrl: settings.NATS_MONITOR_URL,
  // The call was made and may have cost: its outcome is kept until the log is back.
  whenUnreachable: 'keep',
}, logger);
life.watchLog(connection);

const keys = new ContentKeys({
  store: connection.keys, master: new MasterKey(settings.HOLDFAST_MASTER_KEY), now: Date.now,
});
// Made when governance is there; until then there is nothing to forget.
let worker: Worker | null = null;
// Providers and endpoints would stay as they are now, silently.
const governance = await foldGovernance(connection.log, (error) => {
  life.fail(error, 'the fold of events.governance cannot go on');
}, (events) => worker?.forgetErased(events));
const proxy = egressProxy(settings);
const dispatchers = providerDispatchers(proxy);
worker = new Worker({
  instance, governance, registry, proxy,
  keys,
  log: connection.log,
  signals: connection.signals,
  callProvider: (target, request, onDelta) => callProvider(target, request, onDelta, { dispatchers }),
  capacity: settings.HOLDFAST_WORKER_CAPACITY,
  webhookCapacity: settings.HOLDFAST_WEBHOOK_CAPACITY,
  bodiesMaxBytes: settings.HOLDFAST_BODIES_MAX_BYTES,
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

life.ready(async () => {
  worker.drain();
  // Takes nothing more and waits for what runs.
  await app.close();
  await worker.close();
  await governance.stop();
  await dispatchers.close();
  await connection.close();
  server.close();
  server.closeAllConnections();
});
