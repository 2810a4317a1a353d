// One ingress, from its parts to a listening server and back: also what its specs start.
import { type AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { NestLogger } from '@libs/telemetry/logger';
import { AppModule } from './app.module';
import { bootstrap } from './bootstrap';
import { drain, type DrainOptions } from './drain';
import { EdgeFilter } from './edge-filter';
import { createHttpServer } from './http-server';
import { Edge, type EdgeParts } from './shared/edge';
import { disableGoneEndpoints } from './webhooks/disable-gone';

/**
 * Connections that may wait to be accepted; the kernel takes less where net.core.somaxconn is lower.
 * Beyond it the kernel drops a client's SYN, which comes again after a second, then three: with
 * Node's 511 a burst of clients met that before it met our 429.
 */
const acceptMax = 4_096;

export interface Ingress {
  readonly edge: Edge;
  readonly port: number;
  /** Finishes what is under way, then closes. */
  drain(options: DrainOptions): Promise<void>;
}

export async function startIngress(
  parts: EdgeParts, beforeListening?: () => Promise<void>,
): Promise<Ingress> {
  const edge = new Edge(parts);
  const fastify = await createHttpServer(edge);
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.with(edge),
    new FastifyAdapter(fastify as never),
    { bodyParser: false, logger: new NestLogger(parts.logger) },
  );
  app.useGlobalFilters(new EdgeFilter(edge));
  await edge.start();
  await bootstrap(edge);
  const gone = await disableGoneEndpoints(edge);
  const { HOLDFAST_HOST: host, HOLDFAST_PORT: port } = parts.settings;
  await app.init();
  await beforeListening?.();
  await app.listen({ port, host, backlog: acceptMax });
  edge.health.phase = 'ready';
  const server = app.getHttpServer();
  return {
    edge,
    port: (server.address() as AddressInfo).port,
    drain: async (options) => {
      await drain(edge, server, options);
      await app.close();
      await gone.stop();
      await edge.stop();
    },
  };
}
