// The audit process: reads its settings, wires the slices, stops cleanly.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { connectLog } from '@libs/jetstream/connect';
import { openDatabase } from '@libs/postgres/database';
import { readSettings } from '@libs/settings/environment';
import { Health } from '@libs/telemetry/health';
import { serveHealth } from '@libs/telemetry/health-server';
import { newInstanceId } from '@libs/telemetry/ids';
import { createLogger, NestLogger } from '@libs/telemetry/logger';
import { createRegistry } from '@libs/telemetry/metrics';
import { AuditModule } from './audit.module';
import { auditSettings } from './settings';

const settings = readSettings(auditSettings);
const instance = settings.HOLDFAST_INSTANCE ?? newInstanceId('audit');
const logger = createLogger({ service: 'audit', instance, level: settings.HOLDFAST_LOG_LEVEL });
const health = new Health();
const registry = createRegistry('audit', instance);
const server = await serveHealth(health, registry, {
  host: settings.HOLDFAST_HOST, port: settings.HOLDFAST_PORT,
});

const connection = await connectLog({
  urls: settings.NATS_URL, name: instance, creds: settings.NATS_CREDS, ca: settings.NATS_CA,
  monitorUrl: settings.NATS_MONITOR_URL,
}, logger);
health.set('nats', 'up', `durability: ${connection.durability}`);
connection.link.listen((event) => health.set('nats', connection.signals.connected ? 'up' : 'down', event.kind));
const database = openDatabase({
  url: settings.DATABASE_URL, connectionsMax: 4, statementTimeoutMs: 0,
  onError: (error) => logger.warn({ err: error }, 'a database connection broke'),
});

const app = await NestFactory.createApplicationContext(
  AuditModule.with({ connection, database, health, logger, registry, settings }),
  { logger: new NestLogger(logger), abortOnError: false },
);
health.phase = 'ready';
logger.info({ port: settings.HOLDFAST_PORT }, 'audit is ready');

let stopping = false;

async function stop(signal: string): Promise<void> {
  if (stopping) process.exit(1);
  stopping = true;
  health.phase = 'draining';
  logger.info({ signal }, 'audit is stopping');
  await app.close();
  await database.close();
  await connection.close();
  server.close();
  server.closeAllConnections();
}

const stopOr = (signal: string) => (): void => {
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
