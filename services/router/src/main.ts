// The router process: reads its settings, loads the last snapshot, wires the slices, stops cleanly.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { connectLog } from '@libs/jetstream/connect';
import { readSettings } from '@libs/settings/environment';
import { Health } from '@libs/telemetry/health';
import { serveHealth } from '@libs/telemetry/health-server';
import { newInstanceId } from '@libs/telemetry/ids';
import { createLogger, NestLogger } from '@libs/telemetry/logger';
import { createRegistry } from '@libs/telemetry/metrics';
import { Snapshots } from './keep-snapshots/snapshots';
import { Router } from './router';
import { RouterModule } from './router.module';
import { routerSettings } from './settings';
import { RouterMetrics } from './shared/router-metrics';
import { watchRouter } from './watch-router';

const settings = readSettings(routerSettings);
const instance = settings.HOLDFAST_INSTANCE ?? newInstanceId('router');
const logger = createLogger({ service: 'router', instance, level: settings.HOLDFAST_LOG_LEVEL });
const health = new Health();
const registry = createRegistry('router', instance);
const server = await serveHealth(health, registry, {
  host: settings.HOLDFAST_HOST, port: settings.HOLDFAST_PORT,
});

const connection = await connectLog({
  urls: settings.NATS_URL, name: instance, creds: settings.NATS_CREDS, ca: settings.NATS_CA,
  monitorUrl: settings.NATS_MONITOR_URL, whenUnreachable: 'fail-fast',
}, logger);
const durability = `durability: ${connection.durability}`;
health.set('nats', 'up', durability);
connection.link.listen(() => {
  const up = connection.link.connected;
  health.set('nats', up ? 'up' : 'down', durability);
});

const { log, signals, leases, partitionCount } = connection;
const snapshots: Snapshots = new Snapshots({
  store: connection.snapshots, log, logger, partitionCount, now: Date.now,
  partitions: (): number[] => router.ownership.partitions,
});
const world = await snapshots.load();
const metrics = new RouterMetrics(registry);
const router: Router = new Router(world, {
  log, signals, leases, logger, metrics, instance, now: Date.now,
  abandonCap: settings.HOLDFAST_WORKER_ABANDON_CAP,
  onStopped: (error) => {
    logger.error({ err: error }, 'the fold of the log cannot go on');
    process.exit(1);
  },
});
watchRouter(router, metrics);

const app = await NestFactory.createApplicationContext(
  RouterModule.with({ router, snapshots }),
  { logger: new NestLogger(logger), abortOnError: false },
);
health.phase = 'ready';
logger.info({ port: settings.HOLDFAST_PORT }, 'router is ready');

let stopping = false;

async function stop(signal: string): Promise<void> {
  if (stopping) process.exit(1);
  stopping = true;
  health.phase = 'draining';
  logger.info({ signal }, 'router is stopping');
  await app.close();
  await connection.close();
  server.close();
  server.closeAllConnections();
}

const stopOr = (signal: string) => (): void => {
  // Within the drain time, or not at all: the log has everything.
  setTimeout(() => process.exit(1), settings.HOLDFAST_DRAIN_S * 1_000).unref();
  stop(signal).then(() => process.exit(0), (error: unknown) => {
    logger.error({ err: error }, 'stopping failed');
    process.exit(1);
  });
};
process.on('SIGTERM', stopOr('SIGTERM'));
process.on('SIGINT', stopOr('SIGINT'));

void connection.closed().then((error) => {
  if (stopping) return;
  logger.error({ err: error }, 'the connection to the log is closed for good');
  process.exit(1);
});
