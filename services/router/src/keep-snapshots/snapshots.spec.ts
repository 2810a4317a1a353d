import { afterEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { InMemoryLog } from '@libs/log/in-memory-log';
import { InMemorySignals } from '@libs/signals/in-memory-signals';
import type { Router } from '../router';
import { configureProviders, partitionCount, routerOn, submission, submit } from '../router-for-specs';
import type { World } from '@libs/routing/world';
import { Snapshots, type SnapshotStore } from './snapshots';

class StoreInMemory implements SnapshotStore {
  readonly kept = new Map<string, Uint8Array>();
  put(name: string, data: Uint8Array): Promise<void> {
    this.kept.set(name, data);
    return Promise.resolve();
  }
  get(name: string): Promise<Uint8Array | null> {
    return Promise.resolve(this.kept.get(name) ?? null);
  }
  list(): Promise<{ name: string; storedAtMs: number }[]> {
    return Promise.resolve([...this.kept.keys()].map((name) => ({ name, storedAtMs: 0 })));
  }
  delete(name: string): Promise<boolean> {
    return Promise.resolve(this.kept.delete(name));
  }
}

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

function snapshotsOf(log: InMemoryLog, store: SnapshotStore): Snapshots {
  return new Snapshots({
    store, log, partitionCount, logger: pino({ level: 'silent' }), now: Date.now,
    partitions: () => [0],
  });
}

async function folding(log: InMemoryLog, world: World): Promise<Router> {
  const router = routerOn(log, new InMemorySignals(), { world });
  await router.fold.start(log, world.position);
  await router.fold.caughtUp();
  stops.push(() => router.close());
  return router;
}

/** Two snapshots at two positions. */
async function twoSnapshots(): Promise<{ log: InMemoryLog; store: StoreInMemory }> {
  const log = new InMemoryLog();
  const store = new StoreInMemory();
  const snapshots = snapshotsOf(log, store);
  await configureProviders(log);
  const router = await folding(log, await snapshots.load());
  await submit(log, submission());
  await router.fold.caughtUp();
  await snapshots.take(true);
  await submit(log, submission());
  await router.fold.caughtUp();
  await snapshots.take(true);
  return { log, store };
}

describe('a snapshot', () => {
  test('is where a router starts from, with the governance of its moment', async () => {
    const { log, store } = await twoSnapshots();
    const world = await snapshotsOf(log, store).load();
    expect(world.position).toEqual(log.end);
    expect([...world.governance.providers.keys()]).toEqual(['one', 'two']);
    expect(world.partitions.reduce((sum, { jobs }) => sum + jobs.size, 0)).toBe(2);
  });

  test('that is damaged is passed over for the one before', async () => {
    const { log, store } = await twoSnapshots();
    const [older, newest] = [...store.kept.keys()].sort();
    const data = Buffer.from(store.kept.get(newest!)!);
    data[data.length - 20]! ^= 0xff;
    store.kept.set(newest!, data);
    const world = await snapshotsOf(log, store).load();
    expect(older).toContain(String(world.position!.sequence));
    expect(world.position!.sequence).toBeLessThan(log.end!.sequence);
  });

  test('of another log is not used', async () => {
    const { store } = await twoSnapshots();
    const other = new InMemoryLog();
    await configureProviders(other);
    await submit(other, submission());
    expect((await snapshotsOf(other, store).load()).position).toBeNull();
  });

  test.each([3, 4, 99])('of fold version %i is not used', async (version) => {
    const { log, store } = await twoSnapshots();
    for (const [name, data] of store.kept) {
      const text = Buffer.from(data).toString('latin1').replace(/"foldVersion":\d+/, `"foldVersion":${version}`);
      store.kept.set(name, Buffer.from(text, 'latin1'));
    }
    expect((await snapshotsOf(log, store).load()).position).toBeNull();
  });

  test('only the last two are kept', async () => {
    const { log, store } = await twoSnapshots();
    const snapshots = snapshotsOf(log, store);
    const router = await folding(log, await snapshots.load());
    await submit(log, submission());
    await router.fold.caughtUp();
    await snapshots.take(true);
    expect(store.kept.size).toBe(2);
  });
});
