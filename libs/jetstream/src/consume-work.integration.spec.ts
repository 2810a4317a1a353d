import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { jetstreamManager } from '@nats-io/jetstream';
import { Fault } from '@libs/faults/faults';
import { type Commit } from '@libs/log/log';
import { type Delivery } from '@libs/log/work-queue';
import { keepConsumerState } from '@libs/test-kit/consumer-state';
import { anEntry } from '@libs/test-kit/log-contract';
import { startTestNats } from '@libs/test-kit/servers';
import { waitFor } from '@libs/test-kit/wait-for';
import { type LogConnection } from './connect';
import { consumeWork, type ConsumeOptions, type WorkConsumer } from './consume-work';
import { emptyLog, readyToWork } from './log-for-specs';

const routed = 'events.job.0.routed';
let server: Awaited<ReturnType<typeof startTestNats>>;
let connection: LogConnection;
let consumers: WorkConsumer[] = [];
let parked: Commit[] = [];

beforeEach(async () => {
  server = await startTestNats();
  connection = await emptyLog(server.url, { whenUnreachable: 'keep' });
  parked = [];
}, 60_000);
afterEach(async () => {
  await Promise.all(consumers.map((consumer) => consumer.stop(0)));
  consumers = [];
  await connection.nc.close();
  await server.cleanup();
});

function consume(
  handler: (delivery: Delivery) => Promise<void>, changes: Partial<ConsumeOptions> = {},
): WorkConsumer {
  const consumer = consumeWork(connection.work, {
    durable: 'workers', subjects: ['events.job.*.routed'], ackWaitMs: 10_000,
    hasRoom: () => true, onPoison: (commit) => void parked.push(commit), ...changes,
  }, handler);
  consumers.push(consumer);
  return consumer;
}

async function acknowledgedUpTo(): Promise<number> {
  const jsm = await jetstreamManager(connection.nc);
  return (await jsm.consumers.info('EVENTS', 'workers')).ack_floor.stream_seq;
}

/** What a killed server may lose: everything that its consumer knew. */
async function forgetAcknowledgements(dir: string): Promise<void> {
  const files = await readdir(dir, { recursive: true });
  const states = files.filter((file) => file.endsWith('obs/workers/o.dat'));
  expect(states).toHaveLength(1);
  for (const file of states) await rm(path.join(dir, file));
}

/** Commits appended from now on are above the last sequence at connect. */
const ready = (durable?: string): Promise<void> => readyToWork(connection.nc, { durable });

it('a commit is handed out once, fresh, and acknowledged after its handler succeeded', async () => {
  const seen: Delivery[] = [];
  let finish = (): void => undefined;
  const work = new Promise<void>((resolve) => { finish = resolve; });
  consume(async (delivery) => {
    seen.push(delivery);
    await work;
  });
  await ready();
  const { sequence } = await connection.log.append(routed, anEntry('r1'));
  await waitFor(() => seen.length > 0);
  expect(seen[0]?.commit.events[0]?.id).toBe('r1');
  expect(seen[0]).toMatchObject({ deliveryCount: 1, mayHaveRunBefore: false });
  expect(await acknowledgedUpTo()).toBe(0);
  finish();
  await waitFor(async () => (await acknowledgedUpTo()) === sequence);
});

it('commits that stood in the log before this process connected may have run before', async () => {
  await connection.log.append(routed, anEntry());
  const seen: Delivery[] = [];
  consume(async (delivery) => void seen.push(delivery));
  await waitFor(() => seen.length > 0);
  expect(seen[0]).toMatchObject({ deliveryCount: 1, mayHaveRunBefore: true });
});

it('a commit whose handler failed comes back and may have run before', async () => {
  const seen: Delivery[] = [];
  consume(async (delivery) => {
    seen.push(delivery);
    if (seen.length === 1) throw new Fault('log_unavailable', 'for a moment');
  });
  await ready();
  await connection.log.append(routed, anEntry());
  await waitFor(() => seen.length > 1);
  expect(seen[1]).toMatchObject({ deliveryCount: 2, mayHaveRunBefore: true });
});

describe('when this process was paused for longer than the ack wait', () => {
  /** Another process appends and goes on for `forMs`; this one does nothing all the while. */
  const pauseDuringAppend = (forMs: number): void => {
    const script = `
      import { connect } from '@nats-io/transport-node';
      const [url, subject, forMs] = process.argv.slice(1);
      const nc = await connect({ servers: url });
      await nc.request(subject, '{}');
      await new Promise((resolve) => setTimeout(resolve, Number(forMs)));
      await nc.close();`;
    const args = ['--input-type=module', '-e', script, server.url, routed, String(forMs)];
    expect(spawnSync(process.execPath, args, { encoding: 'utf8' }).stderr).toBe('');
  };

  it('what was handed to it meanwhile may have run elsewhere, what comes later has not', async () => {
    const seen: Delivery[] = [];
    consume(async (delivery) => void seen.push(delivery), { durable: 'short', ackWaitMs: 1000 });
    await ready('short');
    pauseDuringAppend(1500);
    await waitFor(() => seen.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 200));
    // Also the delivery of before the pause, which says of itself that it is the first one.
    expect(seen.map(({ mayHaveRunBefore }) => mayHaveRunBefore)).not.toContain(false);
    // When the line is drawn again cannot be seen from here: of the first ones that is not known.
    const after = await waitFor(async () => {
      const { sequence } = await connection.log.append(routed, anEntry());
      const later = await waitFor(() => seen.find(({ commit }) => commit.sequence === sequence));
      return !later.mayHaveRunBefore && later;
    }, { timeoutMs: 20_000, pollMs: 200 });
    expect(after.deliveryCount).toBe(1);
  });
});

it('a commit that cannot be read is parked and blocks nothing', async () => {
  const done: string[] = [];
  consume(async ({ commit }) => {
    for (const event of commit.events) done.push(event.id);
  });
  await ready();
  await connection.nc.request(routed, '{"id":"?","type":"FromTheFuture","version":9}');
  const { sequence } = await connection.log.append(routed, anEntry('after'));
  await waitFor(async () => (await acknowledgedUpTo()) === sequence);
  expect(done).toEqual(['after']);
  expect(parked.map(({ sequence: at }) => at)).toEqual([sequence - 1]);
});

it('without room at most what was already asked for is held, and it is not lost', async () => {
  let room = true;
  const seen: number[] = [];
  const consumer = consume(async ({ commit }) => {
    room = false;
    seen.push(commit.sequence);
  }, { hasRoom: () => room });
  await ready();
  for (let index = 0; index < 10; index += 1) await connection.log.append(routed, anEntry());
  await waitFor(() => seen.length > 0);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(seen).toEqual([1]);
  for (let index = 2; index <= 10; index += 1) {
    room = true;
    consumer.wake();
    await waitFor(() => seen.length === index);
  }
  expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

describe('when the server is killed', () => {
  it('work goes on, and whatever stood in the log before is marked as perhaps run', async () => {
    const seen: Delivery[] = [];
    consume(async (delivery) => void seen.push(delivery));
    await ready();
    for (let index = 0; index < 20; index += 1) await connection.log.append(routed, anEntry());
    await waitFor(async () => (await acknowledgedUpTo()) === 20);
    await server.kill('SIGKILL');
    await forgetAcknowledgements(server.dir);
    await server.restart();
    await waitFor(() => seen.length >= 40, { timeoutMs: 20_000 });
    await ready();
    const { sequence } = await connection.log.append(routed, anEntry('new'));
    await waitFor(() => seen.some(({ commit }) => commit.sequence === sequence));
    const again = seen.slice(20).filter((delivery) => delivery.commit.sequence < sequence);
    expect(again.map(({ commit }) => commit.sequence)).toEqual(
      Array.from({ length: 20 }, (_unused, index) => index + 1),
    );
    expect(again.map(({ mayHaveRunBefore }) => mayHaveRunBefore)).toEqual(again.map(() => true));
    expect(seen.at(-1)).toMatchObject({ mayHaveRunBefore: false, deliveryCount: 1 });
  });

  it('work done meanwhile is acknowledged afterwards', async () => {
    let finish = (): void => undefined;
    const work = new Promise<void>((resolve) => { finish = resolve; });
    const seen: number[] = [];
    consume(async ({ commit }) => {
      seen.push(commit.sequence);
      if (seen.length === 1) await work;
    });
    await ready();
    await connection.log.append(routed, anEntry());
    await waitFor(() => seen.length === 1);
    await server.kill('SIGKILL');
    await server.restart();
    await waitFor(() => connection.link.connected);
    finish();
    await waitFor(async () => (await acknowledgedUpTo()) === 1, { timeoutMs: 20_000 });
  });
});

describe('when the server has lost what was acknowledged', () => {
  const workDone = async (): Promise<Delivery[]> => {
    const seen: Delivery[] = [];
    consume(async (delivery) => void seen.push(delivery));
    await ready();
    for (let index = 0; index < 5; index += 1) await connection.log.append(routed, anEntry());
    await waitFor(async () => (await acknowledgedUpTo()) === 5);
    return seen;
  };
  const again = Array.from({ length: 5 }, (_, index) => [index + 1, 1, true]);
  const asRows = (seen: readonly Delivery[]): unknown[] =>
    seen.map(({ commit, deliveryCount, mayHaveRunBefore }) =>
      [commit.sequence, deliveryCount, mayHaveRunBefore]);

  it('with a kill, all of it comes again as if for the first time, and is known to be old', async () => {
    const state = await keepConsumerState(server.dir, 'workers');
    const seen = await workDone();
    await server.kill('SIGKILL');
    await state.bringBack();
    await server.restart();
    await waitFor(() => seen.length === 10, { timeoutMs: 20_000 });
    expect(asRows(seen.slice(5))).toEqual(again);
  });

  it('with the consumer itself, it is made anew and the same holds', async () => {
    const seen = await workDone();
    const jsm = await jetstreamManager(connection.nc);
    await jsm.consumers.delete('EVENTS', 'workers');
    await waitFor(() => seen.length === 10, { timeoutMs: 20_000 });
    expect(asRows(seen.slice(5))).toEqual(again);
  });
});

it('a consumer that is ahead of its log is made anew', async () => {
  consume(async () => Promise.resolve());
  await ready();
  for (let index = 0; index < 5; index += 1) await connection.log.append(routed, anEntry());
  await waitFor(async () => (await acknowledgedUpTo()) === 5);
  await Promise.all(consumers.map((consumer) => consumer.stop(1000)));
  const jsm = await jetstreamManager(connection.nc);
  await jsm.streams.info('EVENTS');
  // A restored log: shorter than what the consumer knows.
  const real = connection.work.jsm.streams.info.bind(connection.work.jsm.streams);
  connection.work.jsm.streams.info = async (...given) => {
    const info = await real(...given);
    return { ...info, state: { ...info.state, last_seq: 2 } };
  };
  const seen: Delivery[] = [];
  consume(async (delivery) => void seen.push(delivery));
  await waitFor(() => seen.length === 5);
  expect(seen.map(({ deliveryCount }) => deliveryCount)).toEqual([1, 1, 1, 1, 1]);
});

it('a stopping consumer takes nothing new, waits for what runs and gives back the rest', async () => {
  const seen: number[] = [];
  let room = true;
  const first = consume(async ({ commit }) => {
    seen.push(commit.sequence);
    room = false;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }, { hasRoom: () => room });
  await ready();
  await connection.log.append(routed, anEntry());
  await connection.log.append(routed, anEntry());
  await waitFor(() => seen.length === 1);
  await first.stop(5000);
  expect(seen).toEqual([1]);
  const other: number[] = [];
  consume(async ({ commit }) => void other.push(commit.sequence));
  // Well before its ack wait is over.
  await waitFor(() => other.length === 1, { timeoutMs: 8_000 });
  expect(other).toEqual([2]);
});
