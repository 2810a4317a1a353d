// Waits for one submission's end on behalf of one caller. A submission that closes as a duplicate
// is followed to the first job, so that both callers get the same answer.
import { type BrokenReply, type DeltaReply } from '@libs/signals/reply-messages';
import { type Outcome } from './outcome';
import { type HttpRefusal, refusal, retryAfterFaultS } from './refusal';
import { type JobListener, type Waiters } from './waiters';

export type JobEnd = Outcome | HttpRefusal;

export interface FollowHooks {
  readonly onDelta?: (delta: DeltaReply) => void;
  readonly onBroken?: (broken: BrokenReply) => void;
  /** The caller gets an earlier job's answer. */
  readonly onReplayed?: () => void;
  /** The router knows the submission and it is its own job. */
  readonly onAccepted?: () => void;
}

export class JobFollow implements JobListener {
  /** The job whose answer the caller gets. */
  job: string;
  replayed = false;
  /** Its caller waits for the answer. */
  readonly isAwaited = true;
  readonly end: Promise<JobEnd>;
  #resolve: (end: JobEnd) => void = () => undefined;
  #leave: () => boolean;

  constructor(
    private readonly waiters: Waiters,
    private readonly about: { readonly job: string; readonly partition: number },
    private readonly hooks: FollowHooks = {},
  ) {
    this.job = about.job;
    this.end = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#leave = waiters.add(about.job, about.partition, this);
  }

  /** Ends the wait; true when nobody else waits here for the job. */
  stop(): boolean {
    return this.#leave();
  }

  readonly onOutcome = (outcome: Outcome): void => this.#resolve(outcome);
  readonly onDelta = (delta: DeltaReply): void => this.hooks.onDelta?.(delta);
  readonly onBroken = (broken: BrokenReply): void => this.hooks.onBroken?.(broken);

  readonly onVerdict: NonNullable<JobListener['onVerdict']> = ({ verdict, of }) => {
    if (verdict === 'accepted') this.hooks.onAccepted?.();
    if (verdict === 'mismatch') {
      this.stop();
      this.#resolve(mismatch(this.about.job));
    }
    if (verdict === 'deduplicated' && of !== null && of !== this.job) this.#moveTo(of);
  };

  readonly onShutdown = (): void => {
    this.stop();
    this.#resolve(refusal(503, 'shutting_down',
      'This instance is shutting down; the job goes on and can be asked for by its id.',
      { retryAfterS: retryAfterFaultS, jobId: this.job }));
  };

  #moveTo(of: string): void {
    this.stop();
    this.job = of;
    this.replayed = true;
    this.#leave = this.waiters.add(of, this.about.partition, this);
    this.waiters.ask(of);
    this.hooks.onReplayed?.();
  }
}

function mismatch(jobId: string): HttpRefusal {
  return refusal(422, 'idempotency_mismatch',
    'This Idempotency-Key was used with another request before, or what it was used with was erased '
    + 'since; use a new key for a new request.',
    { jobId, param: 'Idempotency-Key' });
}
