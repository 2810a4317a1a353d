// The router process: reads its settings, loads the last snapshot, wires the slices, stops cleanly.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { connectLog } from '@libs/jetstream/connect';
import { beginService, settingsOrExit } from '@libs/service-life/service-life';
import { serveHealth } from '@libs/telemetry/health-server';
import { NestLogger } from '@libs/telemetry/logger';
import { Snapshots } from './keep-snapshots/snapshots';
import { Router } from './router';
import { RouterModule } from './router.module';
import { routerSettings } from './settings';
import { RouterMetrics } from './shared/router-metrics';
import { watchRouter } from './watch-router';

const settings = settingsOrExit('router', routerSettings);
const { instance, logger, health, registry, life } = beginService('router', settings);
const server = await serveHealth(health, registry, {
  host: settings.HOLDFAST_HOST, port: settings.HOLDFAST_PORT,
});
const connection = await connectLog({
  urls: settings.NATS_URL, name: instance, creds: settings.NATS_CREDS, ca: settings.NATS_CA,
  monitorUrl: settings.NATS_MONITOR_URL, whenUnreachable: 'fail-fast',
}, logger);
life.watchLog(connection);

const { log, signals, leases, partitionCount } = connection;
const snapshots: Snapshots = new Snapshots({
  store: connection.snapshots, log, logger, partitionCount, now: Date.now,
  partitions: (): number[] => router.ownership.partitions,
});
const world = await snapshots.load();
const metrics = new RouterMetrics(registry);
const router: Router = new Router(world, {
  log, signals, leases, logger, metrics, instance, now: Date.now, elapsed: () => performance.now(),
  abandonCap: settings.HOLDFAST_WORKER_ABANDON_CAP,
  onStopped: (error) => life.fail(error, 'the fold of the log cannot go on'),
});
watchRouter(router, metrics);

// A fold of millions of events takes minutes: whoever waits sees that it goes on.
const folding = setInterval(() => {
  health.set('fold', 'degraded', `folded up to commit ${router.fold.handledSequence}`);
}, 1_000);
const app = await NestFactory.createApplicationContext(
  RouterModule.with({ router, snapshots }),
  { logger: new NestLogger(logger), abortOnError: false },
);
clearInterval(folding);
health.set('fold', 'up');
life.ready(async () => {
  await app.close();
  await connection.close();
  server.close();
  server.closeAllConnections();
});
