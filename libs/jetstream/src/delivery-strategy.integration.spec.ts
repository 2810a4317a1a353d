// The transport inside a real Nest application.
import 'reflect-metadata';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Controller, type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, Payload } from '@nestjs/microservices';
import { jetstreamManager } from '@nats-io/jetstream';
import { Fault } from '@libs/faults/faults';
import { type Delivery } from '@libs/log/work-queue';
import { anEntry } from '@libs/test-kit/log-contract';
import { startTestNats } from '@libs/test-kit/servers';
import { waitFor } from '@libs/test-kit/wait-for';
import { type LogConnection } from './connect';
import { DeliveryErrorFilter, JetStreamStrategy } from './delivery-strategy';
import { emptyLog } from './log-for-specs';

const deliveries: Delivery[] = [];
let failWith: (() => unknown) | null = null;

@Controller()
class WorkController {
  @EventPattern('events.job.*.routed')
  async run(@Payload() delivery: Delivery): Promise<void> {
    deliveries.push(delivery);
    await Promise.resolve();
    if (failWith !== null) throw failWith() as Error;
  }
}

@Module({ controllers: [WorkController] })
class WorkModule {}

let server: Awaited<ReturnType<typeof startTestNats>>;
let connection: LogConnection;
let app: INestApplicationContext & { close(): Promise<void> };
const parked: number[] = [];

beforeEach(async () => {
  server = await startTestNats();
  connection = await emptyLog(server.url);
  deliveries.length = 0;
  parked.length = 0;
  failWith = null;
  const strategy = new JetStreamStrategy(connection.work, {
    durable: 'workers', subjects: ['events.job.*.routed'], ackWaitMs: 10_000, drainMs: 1000,
    hasRoom: () => true, onPoison: ({ sequence }) => void parked.push(sequence),
  });
  const service = await NestFactory.createMicroservice(WorkModule, { strategy, logger: false });
  service.useGlobalFilters(new DeliveryErrorFilter());
  await service.listen();
  app = service;
  await new Promise((resolve) => setTimeout(resolve, 200));
}, 60_000);
afterEach(async () => {
  await app.close();
  await connection.close();
  await server.cleanup();
});

async function acknowledged(): Promise<number> {
  const jsm = await jetstreamManager(connection.nc);
  return (await jsm.consumers.info('EVENTS', 'workers')).ack_floor.stream_seq;
}

it('a handler gets the delivery, and its success acknowledges the commit', async () => {
  const { sequence } = await connection.log.append('events.job.2.routed', anEntry('n1'));
  await waitFor(async () => (await acknowledged()) === sequence);
  expect(deliveries.map(({ commit }) => commit.events[0]?.id)).toEqual(['n1']);
});

it('a handler that fails gets the commit again', async () => {
  failWith = () => new Error('not now');
  await connection.log.append('events.job.2.routed', anEntry());
  await waitFor(() => deliveries.length === 1);
  failWith = null;
  await waitFor(() => deliveries.length === 2);
  expect(deliveries[1]).toMatchObject({ deliveryCount: 2, mayHaveRunBefore: true });
  await waitFor(async () => (await acknowledged()) === 1);
});

it('a handler\'s fault keeps its rule: what nobody will ever read is parked', async () => {
  failWith = () => new Fault('commit_broken', 'no event');
  await connection.log.append('events.job.2.routed', anEntry());
  await waitFor(async () => (await acknowledged()) === 1);
  expect(parked).toEqual([1]);
  expect(deliveries).toHaveLength(1);
});
