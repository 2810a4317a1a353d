// Snapshots of the world: taken at most each minute by the owner of the lowest partition, in slices
// that leave the event loop free; the newest valid one is where a router starts from.
import { subjects } from '@libs/events/subjects';
import { isFault } from '@libs/faults/faults';
import type { EventLog, Position } from '@libs/log/log';
import { readableEvents } from '@libs/log/readable-events';
import { foldGovernance, newWorld, type World } from '@libs/routing/world';
import { snapshotOf, worldOfSnapshot } from '@libs/snapshots/snapshot-data';
import type { Logger } from '@libs/telemetry/logger';
import type { Clock } from '../shared/clock';

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

/** Architecture.md, section 6: at most one a minute. */
const everyMs = 60_000;
/** Fewer new commits than this are folded faster than a snapshot is made. */
const worthwhileCommits = 200;
/** Audit keeps those of the past. */
const keptMax = 2;
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
    const { store, logger } = this.tools;
    const startedMs = this.tools.now();
    try {
      const { data, items } = await snapshotOf(world, position);
      const name = `${namePrefix}${String(position.sequence).padStart(16, '0')}`;
      await store.put(name, data);
      this.#lastSequence = position.sequence;
      await this.#dropOld();
      const tookMs = this.tools.now() - startedMs;
      logger.info({ name, bytes: data.length, items, tookMs }, 'snapshot stored');
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
    const world = await worldOfSnapshot(data, this.tools.partitionCount);
    if (typeof world === 'string' || world.position === null) return world;
    const { sequence, msgId } = world.position;
    const there = await this.tools.log.readAt(sequence);
    return there?.msgId === msgId ? world : 'the log has another commit at its position';
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
