// Decides for one owned partition: one fenced append in flight; what could be decided meanwhile
// waits for the next look. What could not be appended is dropped and decided again from what the log says.
import { type ContentLine } from '@libs/events/content';
import { type EventDraft, stamp } from '@libs/events/envelope';
import { subjects } from '@libs/events/subjects';
import { isFault } from '@libs/faults/faults';
import type { Entry, EventLog } from '@libs/log/log';
import {
  decidedPerCommitMax, decidePartition, dropDecisions, isRouting, type Tick,
} from '@libs/routing/decide-partition';
import type { PartitionState } from '@libs/routing/partition-state';
import type { ProviderLoad } from '@libs/routing/provider-load';
import { newEventId } from '@libs/telemetry/ids';
import type { Logger } from '@libs/telemetry/logger';
import type { Bodies } from '../shared/bodies';
import type { Clock } from '../shared/clock';
import type { OwnCommits } from '../shared/own-commits';

export interface DeciderTools {
  readonly log: EventLog;
  readonly load: ProviderLoad;
  readonly bodies: Bodies;
  readonly own: OwnCommits;
  readonly logger: Logger;
  readonly metrics: DecisionMetrics;
  /** Never jumps. */
  readonly elapsed: Clock;
  /** Asks for a look at this partition soon. */
  readonly wake: () => void;
}

export interface DecisionMetrics {
  decided(count: number): void;
  appended(durationMs: number): void;
  lostRace(): void;
  raised(alert: string): void;
}

/** After a failed append: long enough not to hammer a log that is away. */
const pauseAfterFailureMs = 250;

export class PartitionDecider {
  /** Last sequence of the subject that this owner knows of: folded, or just appended. */
  #acked = 0;
  #inFlight: Promise<void> | null = null;
  #pausedUntilMs = 0;
  /** Decisions in one commit; halved while they are too large together. */
  #most = decidedPerCommitMax;

  constructor(private readonly state: PartitionState, private readonly tools: DeciderTools) {}

  /** Looks at the partition and starts an append if there is something to decide. */
  look(tick: Tick): void {
    const { state } = this;
    if (this.#inFlight !== null || state.work === null) return;
    if (this.tools.elapsed() < this.#pausedUntilMs) return;
    const drafts = decidePartition(state, tick, this.#most);
    if (drafts.length === 0) return;
    this.tools.metrics.decided(drafts.length);
    this.#inFlight = this.#append(drafts, tick.nowMs).finally(() => {
      this.#inFlight = null;
      this.tools.wake();
    });
  }

  /** Resolves when no append of this owner is in flight. */
  async idle(): Promise<void> {
    await this.#inFlight;
  }

  async #append(drafts: readonly EventDraft[], nowMs: number): Promise<void> {
    const { log, load, logger, metrics, elapsed } = this.tools;
    const subject = subjects.job(this.state.partition, 'routed');
    const expected = Math.max(this.#acked, this.state.routedSequence);
    const startedMs = performance.now();
    try {
      const result = await log.appendFenced(subject, this.#entry(drafts, nowMs), expected);
      metrics.appended(performance.now() - startedMs);
      if (result.outcome === 'appended') {
        this.#acked = result.sequence;
        this.#most = Math.min(decidedPerCommitMax, this.#most * 2);
        for (const { type, data } of drafts) if (type === 'AlertRaised') metrics.raised(data.alert);
        return;
      }
      metrics.lostRace();
      // The fold will bring what stands there, perhaps a successor's election.
      const last = result.lastSequence;
      logger.warn({ subject, expected, last }, 'a fenced append lost its race');
      this.#pausedUntilMs = elapsed() + (this.state.routedSequence < result.lastSequence ? 20 : 0);
    } catch (error) {
      if (!isFault(error)) throw error;
      if (isFault(error, 'too_large') && this.#makeSmaller(drafts)) return;
      logger.warn({ err: error, subject }, 'decisions could not be appended and are made again');
      this.#pausedUntilMs = isFault(error, 'too_large') ? 0 : elapsed() + pauseAfterFailureMs;
    }
    // With those of this append go those that were appended and are not folded yet. They are made
    // again, and must lose their race until the fold has brought what stands there.
    this.#acked = 0;
    dropDecisions(this.state, load);
  }

  /**
   * Fewer at once the next time. A single one that is too large stays in the overlay: its job is
   * looked at no more by this owner, and blocks nobody.
   */
  #makeSmaller(drafts: readonly EventDraft[]): boolean {
    this.#most = Math.max(1, Math.floor(drafts.length / 2));
    if (drafts.length > 1) return false;
    const [draft] = drafts;
    this.tools.logger.error({ job: draft?.subject, type: draft?.type }, 'a decision is too large');
    return true;
  }

  #entry(drafts: readonly EventDraft[], nowMs: number): Entry {
    const content: ContentLine[] = [];
    for (const draft of drafts) {
      if (!isRouting(draft)) continue;
      const body = this.tools.bodies.of(draft.subject);
      if (body !== null) content.push(body);
    }
    const events = drafts.map((draft) => stamp(draft, newEventId(), nowMs));
    this.tools.own.note(events);
    return { events, content };
  }
}
