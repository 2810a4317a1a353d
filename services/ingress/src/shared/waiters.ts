// Who waits here for which job. Fed by `reply.<instance>`; a job that stays quiet, and every job
// after a reconnect, is asked for at its partition's owner, so that a lost reply costs seconds, not
// the answer.
import { type LinePosition } from '@libs/events/content';
import { type JobAnswer } from '@libs/signals/ask-messages';
import {
  type BrokenReply, decodeReplies, type DeltaReply, type ReplyMessage, type ResultReply,
  type VerdictReply,
} from '@libs/signals/reply-messages';
import { signalSubjects, type Signals, type SignalSubscription } from '@libs/signals/signals';
import { type Logger } from '@libs/telemetry/logger';
import { askRouter, jobsPerQuestionMax } from './ask-router';
import { archivedEnd } from './archived-end';
import { type JobArchive } from './job-archive';
import { type Outcome, outcomeOfReply } from './outcome';

export interface JobListener {
  readonly onOutcome: (outcome: Outcome) => void;
  readonly onDelta?: (delta: DeltaReply) => void;
  readonly onBroken?: (broken: BrokenReply) => void;
  readonly onVerdict?: (verdict: Pick<VerdictReply, 'verdict' | 'of'>) => void;
  /** This instance stops and cannot wait any longer; the job goes on. */
  readonly onShutdown?: () => void;
}

export interface WaitersParts {
  readonly signals: Signals;
  readonly instance: string;
  readonly logger: Logger;
  readonly archive: JobArchive;
  readonly now: () => number;
  readonly read: (job: string, position: LinePosition) => Promise<Outcome>;
}

interface Entry {
  readonly job: string;
  readonly partition: number;
  readonly listeners: Set<JobListener>;
  /** When something of this job was last heard. */
  heardAtMs: number;
  /** Sequence of the submission, 0 while it is not known here. */
  sequence: number;
  /** The owner was asked, so it keeps us as a watcher. */
  watched: boolean;
  reading: boolean;
}

/** A worker's reply takes milliseconds after settlement; 5 s of silence is worth a question. */
const quietMs = 5_000;
const sweepMs = 1_000;

export class Waiters {
  readonly #entries = new Map<string, Entry>();
  readonly #askSoon = new Set<Entry>();
  readonly #asking = new Set<number>();
  #subscription: SignalSubscription | null = null;
  #timer: NodeJS.Timeout | null = null;
  #askScheduled = false;

  constructor(private readonly parts: WaitersParts) {}

  start(): void {
    const { signals, instance } = this.parts;
    this.#subscription = signals.subscribe(signalSubjects.reply(instance), (text, _, respond) => {
      respond?.('ok');
      this.receive(text);
    });
    signals.onReconnect(() => this.#askAboutAll());
    this.#timer = setInterval(() => this.#sweep(), sweepMs);
    this.#timer.unref();
  }

  stop(): void {
    this.#subscription?.stop();
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  /** The time to drain is over. */
  shutdown(): void {
    for (const entry of this.#entries.values()) {
      for (const listener of [...entry.listeners]) listener.onShutdown?.();
    }
  }

  /** Jobs waited for. */
  get size(): number {
    return this.#entries.size;
  }

  /** Listens for a job; the returned function ends it and says whether nobody is left. */
  add(job: string, partition: number, listener: JobListener): () => boolean {
    let entry = this.#entries.get(job);
    if (entry === undefined) {
      const heardAtMs = this.parts.now();
      entry = {
        job, partition, heardAtMs, listeners: new Set(),
        sequence: 0, watched: false, reading: false,
      };
      this.#entries.set(job, entry);
    }
    const own = entry;
    own.listeners.add(listener);
    return () => this.#remove(own, listener);
  }

  /** Where the submission stands: an owner that has not folded it yet cannot know the job. */
  submittedAt(job: string, sequence: number): void {
    const entry = this.#entries.get(job);
    if (entry !== undefined) entry.sequence = sequence;
  }

  /** Asks the owner now (and to tell when it settles) instead of after a silence. */
  ask(job: string): void {
    const entry = this.#entries.get(job);
    if (entry !== undefined) this.#schedule([entry]);
  }

  receive(text: string): void {
    let messages: ReplyMessage[];
    try {
      messages = decodeReplies(text);
    } catch (error) {
      this.parts.logger.error({ err: error }, 'a batch of replies is not readable');
      return;
    }
    for (const message of messages) {
      const entry = this.#entries.get(message.job);
      if (entry !== undefined) this.#dispatch(entry, message);
    }
  }

  #dispatch(entry: Entry, message: ReplyMessage): void {
    entry.heardAtMs = this.parts.now();
    switch (message.kind) {
      case 'delta':
        for (const listener of entry.listeners) listener.onDelta?.(message);
        return;
      case 'broken':
        for (const listener of entry.listeners) listener.onBroken?.(message);
        return;
      case 'verdict':
        for (const listener of entry.listeners) listener.onVerdict?.(message);
        return;
      case 'settled':
        { this.#settleFrom(entry, message); return; }
      case 'result':
        if (message.body === null && (message.outcome === 'succeeded' || message.error === null)) {
          this.#settleFrom(entry, message); return;
        }
        { this.#settle(entry, outcomeOfReply(message)); return; }
    }
  }

  #settle(entry: Entry, outcome: Outcome): void {
    this.#entries.delete(entry.job);
    this.#askSoon.delete(entry);
    for (const listener of [...entry.listeners]) listener.onOutcome(outcome);
    entry.listeners.clear();
  }

  /** `rates`: told by the reply, and in no outcome of the log but a refusal. */
  #settleFrom(
    entry: Entry, position: LinePosition & Pick<ResultReply, 'rates'>,
  ): void {
    if (entry.reading) return;
    entry.reading = true;
    this.parts.read(entry.job, position).then(
      (outcome) => {
        if (this.#entries.get(entry.job) !== entry) return;
        const { rates } = position;
        this.#settle(entry, rates === undefined ? outcome : { ...outcome, rates });
      },
      (error: unknown) => {
        // Asked again after the next silence.
        this.parts.logger.warn({ err: error, job: entry.job }, 'outcome not readable yet');
        entry.reading = false;
      },
    );
  }

  #remove(entry: Entry, listener: JobListener): boolean {
    entry.listeners.delete(listener);
    if (entry.listeners.size > 0) return false;
    if (this.#entries.get(entry.job) === entry) {
      this.#entries.delete(entry.job);
      this.#askSoon.delete(entry);
      if (entry.watched) this.#unwatch(entry);
    }
    return true;
  }

  #unwatch(entry: Entry): void {
    const { signals, instance } = this.parts;
    const question = { jobs: [entry.job], watch: instance, unwatch: true };
    signals.publish(signalSubjects.askRouter(entry.partition), JSON.stringify(question));
  }

  #sweep(): void {
    const before = this.parts.now() - quietMs;
    const quiet: Entry[] = [];
    for (const entry of this.#entries.values()) {
      if (entry.heardAtMs <= before) quiet.push(entry);
    }
    if (quiet.length > 0) this.#schedule(quiet);
  }

  #askAboutAll(): void {
    this.#schedule(this.#entries.values());
  }

  #schedule(entries: Iterable<Entry>): void {
    for (const entry of entries) this.#askSoon.add(entry);
    if (this.#askScheduled || this.#askSoon.size === 0) return;
    this.#askScheduled = true;
    // After this tick, so that what was scheduled together is asked together.
    setImmediate(() => {
      this.#askScheduled = false;
      const partitions = new Set([...this.#askSoon].map((entry) => entry.partition));
      for (const partition of partitions) void this.#askPartition(partition);
    });
  }

  /** One question per partition in flight; what comes meanwhile is asked next. */
  async #askPartition(partition: number): Promise<void> {
    if (this.#asking.has(partition)) return;
    this.#asking.add(partition);
    try {
      for (;;) {
        const batch: Entry[] = [];
        for (const entry of this.#askSoon) {
          if (entry.partition !== partition || batch.length >= jobsPerQuestionMax) continue;
          this.#askSoon.delete(entry);
          batch.push(entry);
        }
        if (batch.length === 0) return;
        await this.#askBatch(partition, batch);
      }
    } finally {
      this.#asking.delete(partition);
    }
  }

  async #askBatch(partition: number, batch: readonly Entry[]): Promise<void> {
    try {
      const answer = await askRouter(this.parts.signals, partition, {
        jobs: batch.map((entry) => entry.job), watch: this.parts.instance,
      });
      for (const entry of batch) entry.watched = true;
      const byId = new Map(answer.jobs.map((job) => [job.id, job]));
      for (const entry of batch) {
        const job = byId.get(entry.job) ?? { id: entry.job, known: false as const };
        await this.#answered(entry, job, answer.folded);
      }
    } catch (error) {
      // They stay quiet, so the next sweep asks again.
      this.parts.logger.debug({ err: error, partition }, 'no owner answered');
    }
  }

  async #answered(entry: Entry, answer: JobAnswer, folded: number): Promise<void> {
    if (this.#entries.get(entry.job) !== entry) return;
    entry.heardAtMs = this.parts.now();
    if (!answer.known) {
      if (folded >= entry.sequence) await this.#lookInArchive(entry);
      return;
    }
    if (answer.duplicate_of !== null) { this.#verdict(entry, answer.duplicate_of); return; }
    if (answer.terminal !== null) { this.#settleFrom(entry, answer.terminal); return; }
    for (const listener of entry.listeners) listener.onVerdict?.({ verdict: 'accepted', of: null });
  }

  /** Settled so long ago that the owner has forgotten it. */
  async #lookInArchive(entry: Entry): Promise<void> {
    try {
      const end = archivedEnd(await this.parts.archive.find(entry.job));
      if (end === null) return;
      if ('of' in end) this.#verdict(entry, end.of);
      else this.#settleFrom(entry, end);
    } catch (error) {
      this.parts.logger.debug({ err: error, job: entry.job }, 'not in memory, archive is away');
    }
  }

  #verdict(entry: Entry, of: string): void {
    for (const listener of entry.listeners) listener.onVerdict?.({ verdict: 'deduplicated', of });
  }
}
