// The jobs this worker runs now: who may stop them, what they have streamed so far.
import { timeOfKey } from '@libs/content-keys/timed-name';
import { type Catalogue } from '@libs/events/catalogue';
import { type SurfaceEvent } from '@libs/surfaces/surface';
import { type CancelBy, type StopReason } from './walk-end';

type Routed = Catalogue['JobRouted'];

/** Timers may fire this much early; a call cut off by its deadline is expired, not timed out. */
const deadlineSlackMs = 10;

/**
 * Answered streams are kept for readers that follow by asking, and for a client that lost its
 * connection near the end and comes back: SDKs and browsers do within seconds.
 */
const endedKeptMs = 60_000;
/** About 50 KB of deltas a stream: bounded at some tens of megabytes. */
const endedMax = 500;

/** One routing of one job, from its start here to its durable outcome. */
export class RunningJob {
  readonly abort = new AbortController();
  /** Nothing was called yet: a draining worker may still return the job. */
  begun = false;
  /** Its attempt answered, so that the stream is whole; or another routing goes on with it. */
  isReadable = false;
  /** Its content was erased: nobody reads its stream again when it has ended. */
  isErased = false;
  attempt: string | null = null;
  /** What the running attempt has streamed, in the client's surface. */
  deltas: SurfaceEvent[] = [];
  /** Index of the first of `deltas`: what goes on with a stream may have its later part only. */
  base = 0;
  /** How many of `deltas` came from the routings before. */
  #taken = 0;
  #stop: StopReason | null = null;

  constructor(
    readonly id: string,
    readonly tenant: string,
    readonly routed: Routed,
    /** Count of lost times (lost-time.ts) when it began. */
    readonly lostTimes: number,
  ) {
    this.base = routed.continues?.next_index ?? 0;
  }

  /** Why it must not go on; the first reason stays. */
  stopReason(nowMs: number): StopReason | null {
    if (this.#stop === null && nowMs >= this.routed.deadline_at_ms - deadlineSlackMs) {
      this.#stop = { kind: 'expired' };
    }
    return this.#stop;
  }

  /** Ends the call under way; what it came to decides the job's end. */
  stop(why: StopReason): void {
    if (this.#stop !== null) return;
    this.#stop = why;
    this.abort.abort();
  }

  /** The client of a continued stream goes on reading under the name it has. */
  startAttempt(attemptId: string): void {
    this.begun = true;
    const { continues } = this.routed;
    this.attempt = continues?.stream ?? attemptId;
    if (continues === undefined) this.deltas = [];
  }

  get nextIndex(): number {
    return this.base + this.deltas.length;
  }

  /** What this routing has streamed. */
  ownDeltas(): readonly SurfaceEvent[] {
    return this.deltas.slice(this.#taken);
  }

  /** What `earlier` has streamed comes before, so that a reader can be given all of it. */
  goOnFrom(earlier: RunningJob): void {
    const { continues } = this.routed;
    if (continues === undefined || earlier.attempt !== continues.stream) return;
    if (earlier.nextIndex !== continues.next_index) return;
    this.attempt = continues.stream;
    this.base = earlier.base;
    this.deltas = [...earlier.deltas];
    this.#taken = this.deltas.length;
  }
}

export class RunningJobs {
  readonly #jobs = new Set<RunningJob>();
  /** Two routings of a job can overlap after this process was paused. */
  readonly #byId = new Map<string, RunningJob[]>();
  /** Jobs that were answered by a stream, or are to be, oldest first. */
  readonly #ended = new Map<string, { readonly job: RunningJob; readonly untilMs: number }>();
  #draining = false;

  get size(): number {
    return this.#jobs.size;
  }

  get draining(): boolean {
    return this.#draining;
  }

  add(job: RunningJob): void {
    this.#jobs.add(job);
    const earlier = this.#ended.get(job.id);
    if (earlier !== undefined) job.goOnFrom(earlier.job);
    const others = this.#byId.get(job.id);
    if (others === undefined) this.#byId.set(job.id, [job]);
    else others.push(job);
    if (this.#draining) job.stop({ kind: 'returned' });
  }

  remove(job: RunningJob, nowMs: number): void {
    this.#jobs.delete(job);
    this.#keepEnded(job, nowMs);
    const left = this.#byId.get(job.id)?.filter((other) => other !== job) ?? [];
    if (left.length === 0) this.#byId.delete(job.id);
    else this.#byId.set(job.id, left);
  }

  /** The latest routing of a job that runs here. */
  find(jobId: string): RunningJob | null {
    return this.#byId.get(jobId)?.at(-1) ?? null;
  }

  /** The job whose deltas are asked for: running here, or answered here a moment ago. */
  streamed(jobId: string, nowMs: number): RunningJob | null {
    const ended = this.#ended.get(jobId);
    return this.find(jobId) ?? (ended !== undefined && ended.untilMs > nowMs ? ended.job : null);
  }

  cancel(jobId: string, by: CancelBy): void {
    for (const job of this.#byId.get(jobId) ?? []) job.stop({ kind: 'canceled', by });
  }

  /** Ends what is past its deadline. */
  expire(nowMs: number): void {
    for (const job of this.#jobs) {
      if (job.stopReason(nowMs)?.kind === 'expired') job.abort.abort();
    }
    this.#dropEnded(nowMs);
  }

  /** Erasures: what was streamed of them is not kept for readers that come later. */
  forgetErased(keyIds: ReadonlySet<string>): void {
    const isErased = ({ routed }: RunningJob): boolean => keyIds.has(routed.body.key_id ?? '');
    for (const job of this.#jobs) job.isErased ||= isErased(job);
    for (const [id, { job }] of this.#ended) {
      if (isErased(job)) this.#ended.delete(id);
    }
  }

  /** From now on nothing begins; what has begun goes on. */
  drain(): void {
    this.#draining = true;
    for (const job of this.#jobs) {
      if (!job.begun) job.stop({ kind: 'returned' });
    }
  }

  #keepEnded(job: RunningJob, nowMs: number): void {
    this.#dropEnded(nowMs);
    // What broke for good is not kept: a reader would begin with what cannot go on.
    this.#ended.delete(job.id);
    if (!job.isReadable || job.isErased || job.deltas.length === 0) return;
    // Not longer than its content can be read.
    const keptUntilMs = timeOfKey(job.routed.body.key_id ?? '')?.untilMs ?? Infinity;
    this.#ended.set(job.id, { job, untilMs: Math.min(nowMs + endedKeptMs, keptUntilMs) });
  }

  /** Oldest first, up to the first that stays. */
  #dropEnded(nowMs: number): void {
    for (const [id, { untilMs }] of this.#ended) {
      if (untilMs > nowMs && this.#ended.size < endedMax) break;
      this.#ended.delete(id);
    }
  }
}
