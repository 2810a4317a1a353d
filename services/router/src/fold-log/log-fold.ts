// Follows the log: one ordered reader for all partitions and governance, the only writer of the
// world. Tells the others what each commit brought.
import type { AnyEvent } from '@libs/events/envelope';
import { isFault } from '@libs/faults/faults';
import type { Commit, EventLog, Following, Position } from '@libs/log/log';
import type { FoldNews, PartitionState } from '@libs/routing/partition-state';
import type { Logger } from '@libs/telemetry/logger';
import type { Bodies } from '../shared/bodies';
import type { OwnCommits } from '../shared/own-commits';
import { foldCommit, foldedSubjects, ownerOf, type World } from '@libs/routing/world';

export interface FoldListener {
  /** After each commit; `partition` is null for governance. */
  folded(commit: Commit, partition: PartitionState | null, news: FoldNews): void;
  /** The fold cannot go on; the process should end. */
  stopped(error: unknown): void;
}

export interface FoldCounts {
  commits: number;
  events: number;
  /** Commits set aside: shown in the metrics, and by the archive with their error. */
  poison: number;
}

export class LogFold {
  readonly counts: FoldCounts = { commits: 0, events: 0, poison: 0 };
  #following: Following | null = null;

  constructor(
    private readonly world: World,
    private readonly memory: { readonly bodies: Bodies; readonly own: OwnCommits },
    private readonly listener: FoldListener,
    private readonly logger: Logger,
  ) {}

  async start(log: EventLog, after: Position | null): Promise<void> {
    this.#following = await log.follow({
      subjects: foldedSubjects,
      after,
      onCommit: (commit) => this.#fold(commit),
      onStopped: (error) => this.listener.stopped(error),
    });
  }

  /** Resolves when everything that is in the log now is folded. */
  async caughtUp(): Promise<void> {
    await this.#following?.caughtUp();
  }

  get handledSequence(): number {
    return this.#following?.handledSequence ?? 0;
  }

  async stop(): Promise<void> {
    await this.#following?.stop();
    this.#following = null;
  }

  #fold(commit: Commit): void {
    const events = this.#read(commit);
    const news: FoldNews = { settled: [], verdicts: [], cancels: [] };
    const partition = foldCommit(this.world, commit, news, events);
    this.counts.commits += 1;
    this.counts.events += events.length;
    if (partition !== null && partition.work !== null) this.#bodiesOf(commit, events);
    this.listener.folded(commit, partition, news);
  }

  /**
   * A commit that no build will ever read is set aside, and so is one of a partition that does not
   * exist. It is folded as one without events: it stands in its subject, and the next append there
   * comes behind it. An unknown type or version stops the fold: a newer build can read it.
   */
  #read(commit: Commit): readonly AnyEvent[] {
    const { sequence, subject } = commit;
    try {
      if (ownerOf(this.world, subject) !== null) return this.memory.own.eventsOf(commit);
      this.logger.error({ sequence, subject }, 'a commit of no partition is set aside');
    } catch (error) {
      if (!isFault(error, 'commit_broken')) throw error;
      this.logger.error({ err: error, sequence, subject }, 'a broken commit is set aside');
    }
    this.counts.poison += 1;
    return [];
  }

  #bodiesOf(commit: Commit, events: readonly AnyEvent[]): void {
    const { bodies } = this.memory;
    if (commit.subject.endsWith('.submitted')) bodies.keep(commit, events);
    else for (const event of events) bodies.forget(event);
  }
}
