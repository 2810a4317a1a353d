// Which partitions this router owns. A lease says whose turn it is, the log's fence decides: an
// owner is who appended the last `RouterElected`, and it decides nothing before it has folded its own.
import { stamp } from '@libs/events/envelope';
import { subjects } from '@libs/events/subjects';
import { isFault } from '@libs/faults/faults';
import type { EventLog } from '@libs/log/log';
import { dropDecisions } from '@libs/routing/decide-partition';
import type { PartitionState } from '@libs/routing/partition-state';
import { buildWorkLists } from '@libs/routing/work-lists';
import { newEventId } from '@libs/telemetry/ids';
import type { Logger } from '@libs/telemetry/logger';
import type { Clock } from '../shared/clock';
import type { World } from '@libs/routing/world';
import type { LiveRouters } from './live-routers';

/** What the lease store of libs/jetstream gives. */
export interface Lease {
  readonly name: string;
  readonly holder: string;
  readonly revision: number;
}
export interface Leases {
  acquire(name: string, holder: string): Promise<Lease | null>;
  renew(held: Lease): Promise<Lease | null>;
  release(held: Lease): Promise<void>;
  holderOf(name: string): Promise<string | null>;
  takeOver(name: string, holder: string, from: string): Promise<Lease | null>;
}

export interface OwnershipTools {
  readonly log: EventLog;
  readonly leases: Leases;
  readonly routers: LiveRouters;
  readonly logger: Logger;
  readonly now: Clock;
  /** Never jumps. */
  readonly elapsed: Clock;
  readonly instance: string;
  /** Resolves when everything that is in the log now is folded. */
  readonly caughtUp: () => Promise<void>;
  readonly began: (state: PartitionState) => void;
  /** Resolves when nothing that this owner started is in flight any more. */
  readonly ended: (state: PartitionState) => Promise<void>;
}

interface Holding {
  lease: Lease;
  renewedMs: number;
  /** Sequence of the own `RouterElected`; null until it is appended. */
  elected: number | null;
  electing: boolean;
}

const stepMs = 1_000;
/** A third of the bucket's ten seconds. */
const renewEveryMs = 3_000;

export class Ownership {
  readonly #held = new Map<number, Holding>();
  #timer: NodeJS.Timeout | null = null;
  #stepping: Promise<void> | null = null;
  #steppedMs = 0;

  constructor(private readonly world: World, private readonly tools: OwnershipTools) {}

  start(): void {
    const step = (): void => {
      this.#stepping ??= this.#step().finally(() => {
        this.#stepping = null;
      });
    };
    this.#timer = setInterval(step, stepMs);
    step();
  }

  get partitions(): number[] {
    const owned = this.world.partitions.filter(({ work }) => work !== null);
    return owned.map(({ partition }) => partition);
  }

  /** Called after each commit of a partition: its election may have been folded. */
  folded(state: PartitionState): void {
    const holding = this.#held.get(state.partition);
    const own = holding?.elected != null && state.owner?.sequence === holding.elected;
    if (own && state.work === null) this.#begin(state);
    else if (!own && state.work !== null) void this.#stepDown(state, 'another router was elected');
  }

  /** Gives everything back. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#stepping;
    const held = this.world.partitions.filter(({ partition }) => this.#held.has(partition));
    await Promise.all(held.map((state) => this.#stepDown(state, 'the router stops')));
    this.tools.routers.beat([], true);
  }

  /** Stops without a word; the leases expire. */
  abandon(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#held.clear();
    for (const state of this.world.partitions) state.work = null;
  }

  async #step(): Promise<void> {
    const { routers, logger, elapsed } = this.tools;
    // This process stood still: what it did not hear meanwhile says nothing about the others.
    if (elapsed() - this.#steppedMs > stepMs * 2) routers.listenAnew();
    this.#steppedMs = elapsed();
    routers.beat(this.partitions, false);
    try {
      await this.#renew();
      const share = Math.ceil(this.world.partitions.length / routers.count);
      await this.#giveBack(this.#held.size - share);
      await this.#acquire(share - this.#held.size);
    } catch (error) {
      if (!isFault(error)) throw error;
      logger.warn({ err: error }, 'leases did not answer');
    }
  }

  async #renew(): Promise<void> {
    const nowMs = this.tools.elapsed();
    for (const [partition, holding] of this.#held) {
      if (nowMs - holding.renewedMs < renewEveryMs) continue;
      const renewed = await this.tools.leases.renew(holding.lease);
      const state = this.world.partitions[partition];
      if (renewed !== null) {
        holding.lease = renewed;
        holding.renewedMs = nowMs;
      } else if (state !== undefined) {
        await this.#stepDown(state, 'its lease was lost');
      }
    }
  }

  async #giveBack(count: number): Promise<void> {
    if (count <= 0) return;
    const last = [...this.#held.keys()].sort((a, b) => b - a).slice(0, count);
    for (const partition of last) {
      const state = this.world.partitions[partition];
      if (state !== undefined) await this.#stepDown(state, 'another router takes its share');
    }
  }

  async #acquire(count: number): Promise<void> {
    let left = count;
    for (const state of this.world.partitions) {
      if (left <= 0) return;
      const { partition } = state;
      if (this.#held.has(partition)) continue;
      const lease = await this.#lease(`partition-${partition}`);
      if (lease === null) continue;
      left -= 1;
      const holding = { lease, renewedMs: this.tools.elapsed(), elected: null, electing: false };
      this.#held.set(partition, holding);
      void this.#elect(state, holding);
    }
  }

  /** A free lease, or that of a router that is not heard any more: sooner than it would expire. */
  async #lease(name: string): Promise<Lease | null> {
    const { leases, routers, instance, logger } = this.tools;
    const lease = await leases.acquire(name, instance);
    if (lease !== null) return lease;
    const holder = await leases.holderOf(name);
    if (holder === null || !routers.isGone(holder)) return null;
    logger.warn({ name, holder }, 'the lease of a silent router is taken over');
    return leases.takeOver(name, instance, holder);
  }

  /** Appends `RouterElected` behind whatever stands there; repeats while the lease is held. */
  async #elect(state: PartitionState, holding: Holding): Promise<void> {
    const { log, logger, caughtUp, now, instance } = this.tools;
    const { partition } = state;
    const subject = subjects.job(partition, 'routed');
    while (this.#held.get(partition) === holding && holding.elected === null) {
      try {
        await caughtUp();
        const data = { partition, router: instance, epoch: (state.owner?.epoch ?? 0) + 1 };
        const about = { subject: `partition_${partition}`, tenant: '' };
        const draft = { type: 'RouterElected', ...about, data } as const;
        const events = [stamp(draft, newEventId(), now())];
        const result = await log.appendFenced(subject, { events }, state.routedSequence);
        if (result.outcome === 'lost_race') continue;
        holding.elected = result.sequence;
        this.folded(state);
      } catch (error) {
        if (!isFault(error)) throw error;
        logger.warn({ err: error, partition }, 'an election could not be appended yet');
        await new Promise((resolve) => setTimeout(resolve, stepMs / 2));
      }
    }
  }

  #begin(state: PartitionState): void {
    state.work = buildWorkLists(state);
    const { partition, owner } = state;
    this.tools.logger.info({ partition, epoch: owner?.epoch }, 'this router owns the partition');
    this.tools.began(state);
  }

  async #stepDown(state: PartitionState, why: string): Promise<void> {
    const { partition } = state;
    const holding = this.#held.get(partition);
    this.#held.delete(partition);
    if (state.work !== null) {
      this.tools.logger.info({ partition, why }, 'this router gives the partition up');
      dropDecisions(state, this.world.load);
      state.work = null;
      await this.tools.ended(state);
    }
    if (holding === undefined) return;
    try {
      await this.tools.leases.release(holding.lease);
    } catch (error) {
      if (!isFault(error)) throw error;
      this.tools.logger.warn({ err: error, partition }, 'a lease could not be given back');
    }
  }
}
