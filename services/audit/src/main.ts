// The audit process: reads its settings, wires the slices, stops cleanly.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { connectLog } from '@libs/jetstream/connect';
import { openDatabase } from '@libs/postgres/database';
import { beginService, settingsOrExit } from '@libs/service-life/service-life';
import { serveHealth } from '@libs/telemetry/health-server';
import { NestLogger } from '@libs/telemetry/logger';
import { AuditModule } from './audit.module';
import { auditSettings } from './settings';
import { checkpointPlaces } from './sign-checkpoints/places';

const settings = settingsOrExit('audit', auditSettings);
const { instance, logger, health, registry, life } = beginService('audit', settings);
const server = await serveHealth(health, registry, {
  host: settings.HOLDFAST_HOST, port: settings.HOLDFAST_PORT,
});
const connection = await connectLog({
  urls: settings.NATS_URL, name: instance, creds: settings.NATS_CREDS, ca: settings.NATS_CA,
  monitorUrl: settings.NATS_MONITOR_URL,
}, logger);
life.watchLog(connection);
const database = openDatabase({
  url: settings.DATABASE_URL, connectionsMax: 4, statementTimeoutMs: 0,
  onError: (error) => logger.warn({ err: error }, 'a database connection broke'),
});

const checkpoints = await checkpointPlaces(settings, logger);

const app = await NestFactory.createApplicationContext(
  AuditModule.with({ connection, database, health, logger, registry, settings, checkpoints }),
  { logger: new NestLogger(logger), abortOnError: false },
);
life.ready(async () => {
  await app.close();
  await database.close();
  await connection.close();
  server.close();
  server.closeAllConnections();
});
