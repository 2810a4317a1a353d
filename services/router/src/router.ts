// Puts the slices together: the fold feeds ownership, decisions and answers.
import type { EventLog, Position } from '@libs/log/log';
import type { FoldNews, PartitionState } from '@libs/routing/partition-state';
import type { Commit } from '@libs/log/log';
import type { Signals } from '@libs/signals/signals';
import type { Logger } from '@libs/telemetry/logger';
import { Answers } from './answer-questions/answers';
import { CancelSignals } from './answer-questions/cancel-signals';
import { HealthBroadcast } from './answer-questions/health-broadcast';
import { DecideLoop } from './decide-jobs/decide-loop';
import { WorkerPresence } from './decide-jobs/worker-presence';
import { LogFold } from './fold-log/log-fold';
import { LiveRouters } from './own-partition/live-routers';
import { type Leases, Ownership } from './own-partition/ownership';
import { Probes } from './probe-providers/probes';
import { Bodies } from './shared/bodies';
import type { Clock } from './shared/clock';
import { OwnCommits } from './shared/own-commits';
import { ReplySender } from './shared/reply-sender';
import type { World } from '@libs/routing/world';
import type { RouterMetrics } from './shared/router-metrics';

export interface RouterParts {
  readonly log: EventLog;
  readonly signals: Signals;
  readonly leases: Leases;
  readonly logger: Logger;
  readonly metrics: RouterMetrics;
  readonly now: Clock;
  /** Never jumps: for silences and leases, which are spans of time. */
  readonly elapsed: Clock;
  readonly instance: string;
  readonly abandonCap: number;
  /** The fold cannot go on. */
  readonly onStopped: (error: unknown) => void;
}

const broadcastMs = 1_000;

export class Router {
  readonly fold: LogFold;
  readonly ownership: Ownership;
  readonly #decisions: DecideLoop;
  readonly #answers: Answers;
  readonly #cancels: CancelSignals;
  readonly #health: HealthBroadcast;
  readonly #probes: Probes;
  readonly #routers: LiveRouters;
  readonly #workers: WorkerPresence;
  #timer: NodeJS.Timeout | null = null;

  constructor(readonly world: World, private readonly parts: RouterParts) {
    const { log, signals, leases, logger, metrics, now, elapsed, instance, abandonCap } = parts;
    const bodies = new Bodies();
    const own = new OwnCommits();
    const replies = new ReplySender(signals, logger);
    this.fold = new LogFold(world, { bodies, own }, {
      folded: (commit, partition, news) => this.#folded(commit, partition, news),
      stopped: (error) => parts.onStopped(error),
    }, logger);
    this.#routers = new LiveRouters(signals, instance, elapsed);
    this.#workers = new WorkerPresence(signals, elapsed);
    const workers = this.#workers;
    this.#decisions = new DecideLoop(world, {
      log, bodies, own, workers, logger, now, elapsed, metrics, abandonCap,
    });
    this.#answers = new Answers(world, signals, replies, { instance, now });
    this.#cancels = new CancelSignals(signals);
    this.#health = new HealthBroadcast(world, signals, instance);
    this.#probes = new Probes(world, signals);
    this.ownership = new Ownership(world, {
      log, leases, logger, now, elapsed, instance,
      routers: this.#routers,
      caughtUp: () => this.fold.caughtUp(),
      began: (state) => this.#began(state),
      ended: (state) => this.#ended(state),
    });
  }

  /** Folds what is there, then stands for election. */
  async start(after: Position | null): Promise<void> {
    this.#routers.start();
    await this.fold.start(this.parts.log, after);
    await this.fold.caughtUp();
    this.#decisions.start();
    this.ownership.start();
    this.#timer = setInterval(() => this.#broadcast(), broadcastMs);
  }

  /** Gives the partitions back and stops deciding; the fold goes on until `close`. */
  async drain(): Promise<void> {
    await this.ownership.stop();
    this.#decisions.stop();
    this.#routers.stop();
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  /** Stops everything at once and gives nothing back, as a process that is killed. */
  abandon(): void {
    this.ownership.abandon();
    this.#decisions.stop();
    this.#routers.stop();
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  async close(): Promise<void> {
    await this.fold.stop();
  }

  nowMs(): number {
    return this.parts.now();
  }

  get liveWorkers(): number {
    return this.#workers.count;
  }

  #folded(commit: Commit, partition: PartitionState | null, news: FoldNews): void {
    if (partition !== null) {
      if (partition.work !== null) this.#tell(commit, partition, news);
      this.ownership.folded(partition);
    }
    this.#decisions.wake();
  }

  #tell(commit: Commit, partition: PartitionState, news: FoldNews): void {
    this.#answers.folded(commit, news);
    for (const job of news.cancels) this.#cancels.want(partition, job);
    if (commit.subject.endsWith('.attempted')) {
      this.#health.send(this.ownership.partitions, this.parts.now(), true);
    }
  }

  #began(state: PartitionState): void {
    this.#answers.began(state);
    this.#cancels.began(state);
    this.#decisions.began(state);
  }

  async #ended(state: PartitionState): Promise<void> {
    this.#answers.ended(state);
    await this.#decisions.ended(state);
  }

  #broadcast(): void {
    this.#cancels.repeat();
    this.#probes.ask(this.ownership.partitions, this.parts.now());
    this.#health.send(this.ownership.partitions, this.parts.now(), false);
  }
}
