// When to decide: after commits were folded (once per turn of the event loop), after an append has
// ended, and every 50 ms for timers.
import type { EventLog } from '@libs/log/log';
import type { Tick } from '@libs/routing/decide-partition';
import type { PartitionState } from '@libs/routing/partition-state';
import type { Logger } from '@libs/telemetry/logger';
import type { Bodies } from '../shared/bodies';
import type { Clock } from '../shared/clock';
import type { OwnCommits } from '../shared/own-commits';
import type { World } from '@libs/routing/world';
import { type DecisionMetrics, PartitionDecider } from './partition-decider';
import type { WorkerPresence } from './worker-presence';

export interface DecideLoopTools {
  readonly log: EventLog;
  readonly bodies: Bodies;
  readonly own: OwnCommits;
  readonly workers: WorkerPresence;
  readonly logger: Logger;
  readonly now: Clock;
  /** Never jumps. */
  readonly elapsed: Clock;
  readonly metrics: DecisionMetrics;
  readonly abandonCap: number;
}

/** Timers are at least a second apart, and nobody can tell 50 ms of it. */
const timerMs = 50;

export class DecideLoop {
  readonly #deciders = new Map<number, PartitionDecider>();
  #timer: NodeJS.Timeout | null = null;
  #looking = false;

  constructor(private readonly world: World, private readonly tools: DecideLoopTools) {}

  start(): void {
    this.#timer = setInterval(() => this.wake(), timerMs);
    this.tools.workers.start(() => this.wake());
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.tools.workers.stop();
  }

  began(state: PartitionState): void {
    const { log, bodies, own, logger, metrics, elapsed } = this.tools;
    const wake = (): void => this.wake();
    this.#deciders.set(state.partition, new PartitionDecider(state, {
      log, bodies, own, logger, metrics, elapsed, wake, load: this.world.load,
    }));
    this.wake();
  }

  async ended(state: PartitionState): Promise<void> {
    const decider = this.#deciders.get(state.partition);
    this.#deciders.delete(state.partition);
    await decider?.idle();
  }

  /** Looks at all owned partitions, after what is already at hand was folded. */
  wake(): void {
    if (this.#looking || this.#deciders.size === 0) return;
    this.#looking = true;
    setImmediate(() => {
      this.#looking = false;
      this.#look();
    });
  }

  #look(): void {
    const { governance, load, position } = this.world;
    const underWay = load.slots.size + load.decidingJobs;
    const tick: Tick = {
      governance,
      load,
      nowMs: this.tools.now(),
      seen: position?.sequence ?? 0,
      workers: this.tools.workers.count,
      room: Math.max(0, this.tools.workers.room() - underWay),
      abandonCap: this.tools.abandonCap,
      partitionCount: this.world.partitions.length,
    };
    for (const decider of this.#deciders.values()) decider.look(tick);
  }
}
