// The fold of the routers at any moment of the archived log: from the nearest snapshot, or on from
// where it is. Folding far it leaves snapshots behind, so that the next one has it nearer.
import { isFault } from '@libs/faults/faults';
import { readableEvents } from '@libs/log/readable-events';
import { StoredCommit } from '@libs/log/stored-commit';
import { type Database } from '@libs/postgres/database';
import { keepSnapshot, readSnapshot, snapshotBefore } from '@libs/postgres/kept-snapshots';
import { type FoldedRow, readGovernance, readPast } from '@libs/postgres/past-reads';
import { foldVersion } from '@libs/routing/partition-state';
import { foldCommit, foldGovernance, newWorld, type World } from '@libs/routing/world';
import { snapshotOf, worldOfSnapshot } from '@libs/snapshots/snapshot-data';
import { type Folded } from './fold-messages';

/** Commits that the fold needs are neither in the archive nor can they come there any more. */
export class NotArchived extends Error {
  constructor(from: number, to: number) {
    super(`The archive lacks the commits ${from} to ${to}: what was before them cannot be made again.`);
    this.name = 'NotArchived';
  }
}

export interface PastTools {
  readonly database: Database;
  readonly partitionCount: number;
  /** Event lines folded after which a snapshot is worth its place. */
  readonly snapshotEveryEvents: number;
  readonly progress: (sequence: number) => void;
  readonly warn: (message: string) => void;
}

export class PastWorld {
  #world: World | null = null;
  /** Everything up to here is folded. */
  #sequence = 0;
  #began: { readonly snapshot: number | null } = { snapshot: null };
  #events = 0;
  #sinceSnapshot = 0;
  #ms = 0;

  constructor(private readonly tools: PastTools) {}

  /** @throws NotArchived; Fault archive_unavailable, log_unreadable */
  async at(
    sequence: number, fromBeginning: boolean,
  ): Promise<{ readonly world: World; readonly folded: Folded }> {
    const startedAt = performance.now();
    try {
      const world = await this.#begin(sequence, fromBeginning);
      await this.#foldTo(world, sequence);
      this.#ms += performance.now() - startedAt;
      return { world, folded: this.#folded() };
    } catch (error) {
      // It may have been left between two commits, and nobody looks at it again.
      this.#world = null;
      throw error;
    }
  }

  #folded(): Folded {
    return {
      from_snapshot: this.#began.snapshot, events: this.#events,
      seconds: Math.round(this.#ms) / 1_000,
    };
  }

  /** The world that the fold goes on from. */
  async #begin(sequence: number, fromBeginning: boolean): Promise<World> {
    const now = this.#world;
    const goesOn = now !== null && this.#sequence <= sequence
      && (!fromBeginning || this.#began.snapshot === null);
    if (!fromBeginning) {
      const nearer = await this.#nearest(goesOn ? this.#sequence : 0, sequence);
      if (nearer !== null) return nearer;
    }
    return goesOn ? now : this.#from(newWorld(this.tools.partitionCount), null);
  }

  /** A snapshot that cannot be used is told and passed over for the one before. */
  async #nearest(after: number, upTo: number): Promise<World | null> {
    const { database, partitionCount, warn } = this.tools;
    const form = { foldVersion, partitionCount };
    for (let to = upTo; ;) {
      const found = await snapshotBefore(database, { after, upTo: to }, form);
      if (found === null) return null;
      const data = await readSnapshot(database, found);
      const world = data === null ? 'it is gone' : await restored(data, partitionCount);
      if (typeof world !== 'string' && world.position?.sequence === found) {
        await this.#foldGovernanceTo(world, found);
        return this.#from(world, found);
      }
      warn(`the snapshot at ${found} is passed over: ${typeof world === 'string' ? world : 'it is another'}`);
      to = found - 1;
    }
  }

  #from(world: World, snapshot: number | null): World {
    this.#world = world;
    this.#began = { snapshot };
    this.#sequence = snapshot ?? 0;
    [this.#events, this.#sinceSnapshot, this.#ms] = [0, 0, 0];
    return world;
  }

  /** What a snapshot has learned of the providers stays. */
  async #foldGovernanceTo(world: World, upTo: number): Promise<void> {
    for (let after = 0; ;) {
      const rows = await readGovernance(this.tools.database, { after, upTo });
      for (const row of rows) {
        const events = eventsOf(row);
        foldGovernance(world, row, { events, quietly: true });
        after = row.sequence;
      }
      if (rows.length === 0) return;
    }
  }

  /** The next page is read while this one is folded. */
  async #foldTo(world: World, upTo: number): Promise<void> {
    const read = (after: number): Promise<FoldedRow[]> => {
      const reading = readPast(this.tools.database, { after, upTo });
      // It is awaited unless the fold fails first: then nobody wants it.
      reading.catch(() => undefined);
      return reading;
    };
    let reading = read(this.#sequence);
    while (this.#sequence < upTo) {
      const rows = await reading;
      const last = rows.at(-1);
      if (last === undefined) throw new NotArchived(this.#sequence + 1, upTo);
      reading = read(last.sequence);
      this.#foldRows(world, rows);
      this.tools.progress(this.#sequence);
      if (this.#sinceSnapshot >= this.tools.snapshotEveryEvents) await this.#keep(world);
    }
  }

  #foldRows(world: World, rows: readonly FoldedRow[]): void {
    for (const row of rows) {
      if (row.sequence !== this.#sequence + 1) throw new NotArchived(this.#sequence + 1, row.sequence - 1);
      if (row.bytes !== null) {
        const events = eventsOf(row);
        foldCommit(world, row, { settled: [], verdicts: [], cancels: [] }, events);
        this.#events += events.length;
        this.#sinceSnapshot += events.length;
      }
      this.#sequence = row.sequence;
    }
  }

  async #keep(world: World): Promise<void> {
    const { position } = world;
    if (position === null) return;
    const { data } = await snapshotOf(world, position);
    await keepSnapshot(this.tools.database, {
      ...position, foldVersion, partitionCount: this.tools.partitionCount, data,
    });
    this.#sinceSnapshot = 0;
  }
}

/** Whatever is wrong with its bytes is a reason to pass it over. */
async function restored(data: Buffer, partitionCount: number): Promise<World | string> {
  try {
    return await worldOfSnapshot(data, partitionCount);
  } catch (error) {
    if (isFault(error)) throw error;
    return String(error);
  }
}

function eventsOf(row: FoldedRow): StoredCommit['events'] {
  return readableEvents(new StoredCommit({ ...row, bytes: row.bytes ?? Buffer.alloc(0) }));
}
