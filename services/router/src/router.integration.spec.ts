// The router against a real NATS: taking over, restarts, answers that arrive late.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import type { AnyEvent } from '@libs/events/envelope';
import { connectLog, connectNats, type LogConnection } from '@libs/jetstream/connect';
import { ensureTopology } from '@libs/jetstream/topology';
import { startTestNats } from '@libs/test-kit/servers';
import { waitFor } from '@libs/test-kit/wait-for';
import { Snapshots } from './keep-snapshots/snapshots';
import type { Router } from './router';
import {
  configureProviders, heartbeats, partitionCount, partitionOfTenant, routerOn, scriptedWorker,
  submission, submit,
} from './router-for-specs';

const logger = pino({ level: 'silent' });
const p = partitionOfTenant();
let server: Awaited<ReturnType<typeof startTestNats>>;
let stops: (() => unknown)[] = [];

beforeEach(async () => {
  server = await startTestNats();
  const admin = await connectNats({ urls: server.url, name: 'test-admin' });
  await ensureTopology(admin, { partitions: partitionCount, replicas: 1, maxBytes: 256 * 1024 * 1024 });
  await admin.close();
}, 60_000);

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  stops = [];
  await server.cleanup();
}, 30_000);

async function connected(name: string): Promise<LogConnection> {
  const connection = await connectLog({ urls: server.url, name, whenUnreachable: 'keep' }, logger);
  stops.push(() => connection.nc.close());
  return connection;
}

interface Running {
  readonly router: Router;
  readonly snapshots: Snapshots;
  readonly connection: LogConnection;
  stop(): Promise<void>;
  /** As by kill -9: nothing is given back. */
  kill(): Promise<void>;
}

async function startRouter(instance: string): Promise<Running> {
  const connection = await connected(instance);
  const { log, signals, leases } = connection;
  const snapshots: Snapshots = new Snapshots({
    store: connection.snapshots, log, logger, partitionCount, now: Date.now,
    partitions: (): number[] => router.ownership.partitions,
  });
  const world = await snapshots.load();
  const router: Router = routerOn(log, signals, { world, leases, instance, onStopped: () => undefined });
  await router.start(world.position);
  let ended = false;
  const running: Running = {
    router, snapshots, connection,
    stop: async () => {
      if (ended) return;
      ended = true;
      await router.drain();
      await router.close();
    },
    kill: async () => {
      ended = true;
      await connection.nc.close();
      router.abandon();
    },
  };
  stops.push(() => running.stop());
  return running;
}

async function allEvents(connection: LogConnection): Promise<AnyEvent[]> {
  const events: AnyEvent[] = [];
  const following = await connection.log.follow({
    subjects: ['events.>'], after: null,
    onCommit: (commit) => void events.push(...commit.events),
    onStopped: () => undefined,
  });
  await following.caughtUp();
  await following.stop();
  return events;
}

function ofType<T extends AnyEvent['type']>(
  events: readonly AnyEvent[], type: T,
): Extract<AnyEvent, { type: T }>[] {
  return events.filter((event): event is Extract<AnyEvent, { type: T }> => event.type === type);
}

async function expectEachOnce(connection: LogConnection, jobs: readonly string[]): Promise<void> {
  await waitFor(async () => {
    const settled = ofType(await allEvents(connection), 'JobSucceeded');
    return new Set(settled.map(({ subject }) => subject)).size === jobs.length;
  }, { timeoutMs: 60_000, pollMs: 200 });
  const routed = ofType(await allEvents(connection), 'JobRouted').map(({ subject }) => subject);
  expect(new Set(routed)).toEqual(new Set(jobs));
  expect(routed).toHaveLength(jobs.length);
}

async function client(): Promise<LogConnection> {
  const connection = await connected('client');
  await configureProviders(connection.log);
  const beats = heartbeats(connection.signals);
  stops.push(() => beats.stop());
  const worker = await scriptedWorker(connection.log);
  stops.push(() => worker.stop());
  return connection;
}

describe('two routers', () => {
  test('share the partitions, and the other takes all when one stops', async () => {
    await client();
    const one = await startRouter('router-one');
    await waitFor(() => one.router.ownership.partitions.length === 4);
    const two = await startRouter('router-two');
    await waitFor(() => one.router.ownership.partitions.length === 2
      && two.router.ownership.partitions.length === 2, { timeoutMs: 30_000 });
    await one.stop();
    await waitFor(() => two.router.ownership.partitions.length === 4, { timeoutMs: 5_000 });
  }, 150_000);

  test('a killed owner leaves no job stuck and none is routed twice', async () => {
    const outside = await client();
    const { log } = outside;
    const one = await startRouter('router-one');
    await waitFor(() => one.router.ownership.partitions.length === 4);
    const jobs = await submit(log, ...Array.from({ length: 300 }, () => submission()));
    await one.kill();
    jobs.push(...await submit(log, ...Array.from({ length: 300 }, () => submission())));
    const killedMs = Date.now();
    const two = await startRouter('router-two');
    await waitFor(() => two.router.ownership.partitions.includes(p), { timeoutMs: 15_000 });
    expect(Date.now() - killedMs).toBeLessThan(8_000);
    await expectEachOnce(outside, jobs);
  }, 150_000);

  test('an owner that decided but could not append is followed by one that decides', async () => {
    const outside = await client();
    const one = await startRouter('router-one');
    await waitFor(() => one.router.ownership.partitions.length === 4);
    // The append never reaches the log: it is held until the owner is dead.
    const { log } = one.connection;
    let decided = 0;
    log.appendFenced = () => {
      decided += 1;
      return new Promise(() => undefined);
    };
    const jobs = await submit(outside.log, submission(), submission());
    await waitFor(() => decided > 0);
    await one.kill();
    await startRouter('router-two');
    await expectEachOnce(outside, jobs);
  }, 150_000);

  test('a paused ex-owner that wakes cannot append and steps down', async () => {
    const outside = await client();
    const one = await startRouter('router-one');
    await waitFor(() => one.router.ownership.partitions.length === 4);
    // Paused: it hears and renews nothing, its decisions come late.
    const { log, leases } = one.connection;
    let wake = (): void => undefined;
    const paused = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const original = log.appendFenced.bind(log);
    const results: string[] = [];
    log.appendFenced = async (...args): ReturnType<typeof original> => {
      await paused;
      const result = await original(...args);
      results.push(result.outcome);
      return result;
    };
    leases.renew = async (held) => {
      await paused;
      return Promise.resolve(held);
    };
    const jobs = await submit(outside.log, submission());
    const two = await startRouter('router-two');
    await waitFor(() => two.router.ownership.partitions.includes(p), { timeoutMs: 20_000 });
    await expectEachOnce(outside, jobs);
    wake();
    await waitFor(() => results.length > 0);
    expect(results).toEqual(results.map(() => 'lost_race'));
    expect(one.router.ownership.partitions).not.toContain(p);
    await expectEachOnce(outside, jobs);
  }, 150_000);
});

describe('one router', () => {
  test('keeps its partitions when NATS is killed and comes back, and no job is stuck', async () => {
    const outside = await client();
    const one = await startRouter('router-one');
    await waitFor(() => one.router.ownership.partitions.length === 4);
    const jobs = await submit(outside.log, ...Array.from({ length: 50 }, () => submission()));
    const during = submit(outside.log, ...Array.from({ length: 50 }, () => submission()));
    await server.kill('SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 500));
    await server.restart();
    jobs.push(...await during);
    await expectEachOnce(outside, jobs);
  }, 150_000);

  test('a repeated fenced publish does not depose it', async () => {
    const outside = await client();
    const one = await startRouter('router-one');
    await waitFor(() => one.router.ownership.partitions.length === 4);
    const jobs: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      // The answer to the publish is lost with the connection: it is repeated with its id.
      const submitted = submit(outside.log, ...Array.from({ length: 20 }, () => submission()));
      await one.connection.nc.reconnect();
      jobs.push(...await submitted);
    }
    await expectEachOnce(outside, jobs);
    expect(one.router.ownership.partitions).toHaveLength(4);
    const events = await allEvents(outside);
    expect(ofType(events, 'RouterElected')).toHaveLength(4);
  }, 150_000);

  test('restarted from a snapshot knows what a fold of the whole log knows', async () => {
    const outside = await client();
    const one = await startRouter('router-one');
    await waitFor(() => one.router.ownership.partitions.length === 4);
    const idempotency = { key: 'k', body_sha256: 'x' };
    const jobs = await submit(outside.log, ...Array.from({ length: 40 }, () => submission()));
    jobs.push(...await submit(outside.log, submission({ idempotency })));
    await expectEachOnce(outside, jobs);
    await one.snapshots.take(true);
    const more = await submit(outside.log, ...Array.from({ length: 10 }, () => submission()));
    await expectEachOnce(outside, [...jobs, ...more]);
    await one.stop();
    const [fromSnapshot, whole] = [await startRouter('router-two'), await connected('whole')];
    expect(fromSnapshot.router.world.position).not.toBeNull();
    // An election under way would be in the log and not yet folded here.
    await waitFor(() => fromSnapshot.router.ownership.partitions.length === 4);
    await fromSnapshot.stop();
    const full = routerOn(whole.log, whole.signals, { instance: 'router-three' });
    await full.fold.start(whole.log, null);
    await full.fold.caughtUp();
    const { world } = fromSnapshot.router;
    expect(plain(world)).toEqual(plain(full.world));
    await full.close();
  }, 150_000);
});

function plain(world: Router['world']): unknown {
  return world.partitions.map(({ jobs, ended, idempotency, exhausted, verdicts, owner }) => ({
    jobs: [...jobs], ended: [...ended], idempotency: [...idempotency], exhausted: [...exhausted],
    verdicts: [...verdicts], owner,
  }));
}
