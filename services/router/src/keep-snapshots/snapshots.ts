// Snapshots of the world: taken at most each minute by the owner of the lowest partition, in slices
// that leave the event loop free; the newest valid one is where a router starts from.
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { subjects } from '@libs/events/subjects';
import { isFault } from '@libs/faults/faults';
import type { EventLog, Position } from '@libs/log/log';
import { readableEvents } from '@libs/log/readable-events';
import {
  healthItemsOf, itemsOf, type Restored, restoreItem, type SnapshotItem,
} from '@libs/routing/partition-snapshot';
import { foldVersion } from '@libs/routing/partition-state';
import type { Logger } from '@libs/telemetry/logger';
import type { Clock } from '../shared/clock';
import { foldGovernance, newWorld, type World } from '@libs/routing/world';

export interface SnapshotStore {
  put(name: string, data: Uint8Array): Promise<void>;
  get(name: string): Promise<Uint8Array | null>;
  list(): Promise<readonly { readonly name: string; readonly storedAtMs: number }[]>;
  delete(name: string): Promise<boolean>;
}

export interface SnapshotTools {
  readonly store: SnapshotStore;
  readonly log: EventLog;
  readonly logger: Logger;
  readonly partitionCount: number;
  readonly now: Clock;
  /** Partitions owned now. */
  readonly partitions: () => readonly number[];
}

interface SnapshotHead {
  readonly foldVersion: number;
  readonly partitionCount: number;
  readonly position: Position;
  /** SHA-256 of everything after this line, as stored (compressed). */
  readonly sha256: string;
}

/** Architecture.md, section 6: at most one a minute. */
const everyMs = 60_000;
/** Fewer new commits than this are folded faster than a snapshot is made. */
const worthwhileCommits = 200;
/** About 2 ms of work; 20 ms would be felt by those who wait. */
const itemsPerSlice = 200;
const keptMax = 2;
/** In a thread of its own; 30 MB of ended jobs become 3, each minute through the synced log. */
const compress = promisify(gzip);
const decompress = promisify(gunzip);
const namePrefix = 'router-';

export class Snapshots {
  #timer: NodeJS.Timeout | null = null;
  #taking: Promise<void> | null = null;
  #world: World | null = null;
  #lastSequence = 0;

  constructor(private readonly tools: SnapshotTools) {}

  /** The world of the newest valid snapshot; an empty one when there is none. */
  async load(): Promise<World> {
    const world = await this.#newestValid() ?? newWorld(this.tools.partitionCount);
    this.#lastSequence = world.position?.sequence ?? 0;
    this.#world = world;
    await this.#foldGovernance(world);
    return world;
  }

  start(): void {
    this.#timer = setInterval(() => void this.take(), everyMs);
  }

  /** Takes a last one, so that the next start is quick. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#taking;
    await this.take(true);
  }

  /** Nothing happens while one is being taken, and when there is little new. */
  async take(last = false): Promise<void> {
    const world = this.#world;
    if (world?.position == null || this.#taking !== null) return;
    if (world.position.sequence - this.#lastSequence < (last ? 1 : worthwhileCommits)) return;
    if (!last && !this.tools.partitions().includes(0)) return;
    this.#taking = this.#write(world, world.position).finally(() => {
      this.#taking = null;
    });
    await this.#taking;
  }

  async #write(world: World, position: Position): Promise<void> {
    const { store, logger, partitionCount } = this.tools;
    const startedMs = this.tools.now();
    // The moment of the snapshot: references only, in this turn of the event loop.
    const items = [...world.partitions.flatMap(itemsOf), ...healthItemsOf(world.load)];
    try {
      const body = await compress(await textOf(items), { level: 1 });
      const sha256 = createHash('sha256').update(body).digest('hex');
      const head: SnapshotHead = { foldVersion, partitionCount, position, sha256 };
      const name = `${namePrefix}${String(position.sequence).padStart(16, '0')}`;
      await store.put(name, Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), body]));
      this.#lastSequence = position.sequence;
      await this.#dropOld();
      const tookMs = this.tools.now() - startedMs;
      logger.info({ name, bytes: body.length, items: items.length, tookMs }, 'snapshot stored');
    } catch (error) {
      if (!isFault(error)) throw error;
      logger.warn({ err: error }, 'a snapshot could not be stored');
    }
  }

  async #names(): Promise<string[]> {
    const all = await this.tools.store.list();
    const own = all.map(({ name }) => name).filter((name) => name.startsWith(namePrefix));
    return own.sort().reverse();
  }

  async #dropOld(): Promise<void> {
    const old = (await this.#names()).slice(keptMax);
    for (const name of old) await this.tools.store.delete(name);
  }

  async #newestValid(): Promise<World | null> {
    const { store, logger } = this.tools;
    for (const name of await this.#names()) {
      const data = await store.get(name);
      if (data === null) continue;
      const result = await this.#restore(Buffer.from(data));
      if (typeof result !== 'string') {
        logger.info({ name, position: result.position }, 'starting from a snapshot');
        return result;
      }
      logger.warn({ name, why: result }, 'a snapshot is passed over');
    }
    return null;
  }

  /** The world, or why this snapshot cannot be used. */
  async #restore(data: Buffer): Promise<World | string> {
    const end = data.indexOf(10);
    const head = JSON.parse(data.subarray(0, end).toString()) as SnapshotHead;
    const body = data.subarray(end + 1);
    const { position, partitionCount } = head;
    if (partitionCount !== this.tools.partitionCount) return 'made for other partitions';
    if (createHash('sha256').update(body).digest('hex') !== head.sha256) return 'its hash differs';
    const there = await this.tools.log.readAt(position.sequence);
    if (there?.msgId !== position.msgId) return 'the log has another commit at its position';
    return worldOf(head, await decompress(body));
  }

  /** Governance is never trimmed: it is folded from its start, up to where the snapshot is. */
  async #foldGovernance(world: World): Promise<void> {
    const upTo = world.position?.sequence ?? 0;
    if (upTo === 0) return;
    const following = await this.tools.log.follow({
      subjects: [subjects.governance],
      after: null,
      onCommit: (commit) => {
        if (commit.sequence > upTo) return;
        foldGovernance(world, commit, { events: readableEvents(commit), quietly: true });
      },
      onStopped: (error) => this.tools.logger.error({ err: error }, 'governance cannot be folded'),
    });
    await following.caughtUp();
    await following.stop();
  }
}

async function textOf(items: readonly SnapshotItem[]): Promise<Buffer> {
  const slices: Buffer[] = [];
  for (let from = 0; from < items.length; from += itemsPerSlice) {
    const slice = items.slice(from, from + itemsPerSlice);
    slices.push(Buffer.from(`${slice.map((item) => JSON.stringify(item)).join('\n')}\n`));
    await nextTurn();
  }
  return Buffer.concat(slices);
}

function worldOf(head: SnapshotHead, body: Buffer): World | string {
  if (head.foldVersion !== foldVersion) return `made by fold version ${head.foldVersion}`;
  const world = newWorld(head.partitionCount);
  const restored: Restored = { partitions: new Map(), load: world.load };
  for (let from = 0; from < body.length;) {
    const to = body.indexOf(10, from);
    const item = JSON.parse(body.subarray(from, to).toString()) as SnapshotItem;
    restoreItem(restored, item);
    from = to + 1;
  }
  return {
    ...world,
    partitions: world.partitions.map((fresh) => restored.partitions.get(fresh.partition) ?? fresh),
    position: head.position,
  };
}
