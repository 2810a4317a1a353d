// Workers over a real NATS server: what happens to a commit when the server or a worker dies.
import 'reflect-metadata';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { keysForSpecs } from '@libs/content-keys/keys-for-specs';
import { NestFactory } from '@nestjs/core';
import { jetstreamManager } from '@nats-io/jetstream';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { type AnyEvent, stamp } from '@libs/events/envelope';
import { connectLog, connectNats, type LogConnection } from '@libs/jetstream/connect';
import { DeliveryErrorFilter, JetStreamStrategy } from '@libs/jetstream/delivery-strategy';
import { readyToWork, waitingPulls } from '@libs/jetstream/log-for-specs';
import { ensureTopology } from '@libs/jetstream/topology';
import { inlineContent } from '@libs/log/content';
import { Secret } from '@libs/settings/secret';
import { newEventId } from '@libs/telemetry/ids';
import { keepConsumerState } from '@libs/test-kit/consumer-state';
import { startTestNats } from '@libs/test-kit/servers';
import { waitFor } from '@libs/test-kit/wait-for';
import { type UpstreamOutcome } from './providers/outcome';
import { answer, candidate, requestBody, routed } from './run-attempts/test-jobs';
import { givenGovernance, providers } from './shared/test-governance';
import { ackWaitMs, Worker } from './worker';
import { WorkersModule } from './workers.module';

interface TestWorker {
  readonly connection: LogConnection;
  /** Ends of the calls it makes, in order. */
  readonly calls: ((outcome: UpstreamOutcome) => void)[];
  /** Dies: says nothing more to anybody. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

const quiet = pino({ level: 'silent' });
let server: Awaited<ReturnType<typeof startTestNats>>;
let reader: LogConnection;
const started: TestWorker[] = [];

beforeEach(async () => {
  server = await startTestNats();
  const admin = await connectNats({ urls: server.url, name: 'admin' });
  await ensureTopology(admin, { partitions: 4, replicas: 1, maxBytes: 512 * 1024 * 1024 });
  await admin.close();
  reader = await connectLog({ urls: server.url, name: 'reader' }, quiet);
}, 60_000);
afterEach(async () => {
  await Promise.all(started.splice(0).map((worker) => worker.stop()));
  await reader.close();
  await server.cleanup();
}, 60_000);

async function startWorker(instance: string): Promise<TestWorker> {
  const settings = { urls: server.url, name: instance, whenUnreachable: 'keep' as const };
  const connection = await connectLog(settings, quiet);
  const calls: TestWorker['calls'] = [];
  const worker = new Worker({
    keys: keysForSpecs(),
    instance, log: connection.log, signals: connection.signals, registry: new Registry(),
    governance: givenGovernance(providers('a')),
    callProvider: () => new Promise((end) => void calls.push(end)),
    capacity: 64, webhookCapacity: 4, bodiesMaxBytes: 1024 * 1024,
    masterKey: new Secret('master'), publicUrl: null,
    proxy: { httpProxy: null, httpsProxy: null, noProxy: null }, now: () => Date.now(),
  });
  const strategy = new JetStreamStrategy(connection.work, {
    durable: 'workers', subjects: ['events.job.*.routed'], ackWaitMs, drainMs: 500,
    hasRoom: () => worker.hasRoom, onPoison: () => undefined,
  });
  const app = await NestFactory.createMicroservice(
    WorkersModule.with(worker), { strategy, logger: false },
  );
  app.useGlobalFilters(new DeliveryErrorFilter());
  const before = await waitingPulls(reader.nc);
  await app.listen();
  // Its position in the log is read before the first pull: what is appended now is new to it.
  await readyToWork(reader.nc, { before });
  let isDead = false;
  const test: TestWorker = {
    connection, calls,
    kill: async () => {
      isDead = true;
      await connection.nc.close();
      await worker.close();
    },
    stop: async () => {
      if (isDead) return;
      worker.drain();
      await app.close();
      await worker.close();
      await connection.close();
    },
  };
  started.push(test);
  return test;
}

async function route(job: string): Promise<number> {
  const draft = {
    type: 'JobRouted' as const, subject: job, tenant: 't', data: routed([candidate('a')]),
  };
  const events = [stamp(draft, newEventId(), Date.now())];
  const content = inlineContent(requestBody)!.lines;
  return (await reader.log.append('events.job.0.routed', { events, content })).sequence;
}

/** What workers wrote, oldest first. */
async function written(): Promise<AnyEvent[]> {
  const { lastSequence } = await reader.log.state();
  const events: AnyEvent[] = [];
  for (let sequence = 1; sequence <= lastSequence; sequence += 1) {
    events.push(...((await reader.log.readAt(sequence))?.events ?? []));
  }
  return events.filter(({ type }) => type !== 'JobRouted');
}

async function ackFloor(): Promise<number> {
  const jsm = await jetstreamManager(reader.nc);
  return (await jsm.consumers.info('EVENTS', 'workers')).ack_floor.stream_seq;
}

it('a routed job is run once, and its commit acknowledged after its outcome', async () => {
  const worker = await startWorker('w1');
  const sequence = await route('job_1');
  const end = await waitFor(() => worker.calls[0]);
  expect(await ackFloor()).toBeLessThan(sequence);
  end(answer());
  await waitFor(async () => (await ackFloor()) >= sequence);
  expect((await written()).map(({ type, subject }) => [type, subject])).toEqual([
    ['JobSucceeded', 'job_1'],
  ]);
});

it('an outcome reached while the log was dead is appended when it is back, without a second call',
  async () => {
    const worker = await startWorker('w1');
    await route('job_1');
    const end = await waitFor(() => worker.calls[0]);
    await server.kill('SIGKILL');
    end(answer());
    await server.restart();
    await waitFor(async () => (await written()).length > 0, { timeoutMs: 20_000 });
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect((await written()).filter(({ type }) => type === 'JobSucceeded')).toHaveLength(1);
    expect(worker.calls).toHaveLength(1);
  }, 60_000);

it('a commit that comes again after a kill of the log, while its call runs, stays with its worker',
  async () => {
    const [one, other] = [await startWorker('w1'), await startWorker('w2')];
    await route('job_1');
    await waitFor(() => one.calls.length + other.calls.length === 1);
    await server.kill('SIGKILL');
    await server.restart();
    await waitFor(() => one.connection.signals.connected && other.connection.signals.connected,
      { timeoutMs: 20_000 });
    await new Promise((resolve) => setTimeout(resolve, ackWaitMs + 3_000));
    expect(await written()).toEqual([]);
    [...one.calls, ...other.calls].forEach((end) => end(answer()));
    await waitFor(async () => (await written()).length > 0);
    expect((await written()).map(({ type }) => type)).toEqual(['JobSucceeded']);
    expect(one.calls.length + other.calls.length).toBe(1);
  }, 60_000);

it('a job whose ack is lost with the state of the server is not run twice, by no worker', async () => {
  const [one, other] = [await startWorker('w1'), await startWorker('w2')];
  const state = await keepConsumerState(server.dir, 'workers');
  const sequence = await route('job_1');
  const end = await waitFor(() => one.calls[0] ?? other.calls[0]);
  end(answer());
  await waitFor(async () => (await ackFloor()) >= sequence);
  await server.kill('SIGKILL');
  await state.bringBack();
  await server.restart();
  // Its first delivery, as far as the server knows.
  await waitFor(async () => (await written()).length === 2, { timeoutMs: 20_000 });
  expect((await written()).map(({ type, data }) => [type, 'reason' in data && data.reason])).toEqual([
    ['JobSucceeded', false], ['AttemptAbandoned', 'redelivered'],
  ]);
  await waitFor(async () => (await ackFloor()) >= sequence);
  expect(one.calls.length + other.calls.length).toBe(1);
}, 60_000);

it('the job of a dead worker is abandoned by another one, not run by it', async () => {
  const dying = await startWorker('w1');
  const sequence = await route('job_1');
  await waitFor(() => dying.calls.length === 1);
  const other = await startWorker('w2');
  await dying.kill();
  const [abandoned] = await waitFor(async () => {
    const events = await written();
    return events.length > 0 && events;
  }, { timeoutMs: ackWaitMs + 20_000 });
  expect(abandoned).toMatchObject({
    type: 'AttemptAbandoned', subject: 'job_1', data: { routing: 1, reason: 'redelivered' },
  });
  await waitFor(async () => (await ackFloor()) >= sequence);
  expect(other.calls).toEqual([]);
}, 60_000);
