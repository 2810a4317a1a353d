// Appends on behalf of requests, with a bound on how long a request hangs while the log is away.
import { type AnyEvent, type EventDraft, stamp } from '@libs/events/envelope';
import { subjects } from '@libs/events/subjects';
import { Fault } from '@libs/faults/faults';
import { type Appended, type Entry, type EventLog } from '@libs/log/log';
import { type Signals } from '@libs/signals/signals';
import { newEventId } from '@libs/telemetry/ids';
import { type Logger } from '@libs/telemetry/logger';
import { type Submission } from './submission';

/** A caller of an unreachable log hears so in under a second. */
const unreachableAfterMs = 600;
const sweepMs = 150;

interface Pending {
  readonly startedAtMs: number;
  readonly giveUp: (error: Fault) => void;
}

export interface AppendsParts {
  readonly log: EventLog;
  readonly signals: Signals;
  readonly logger: Logger;
  readonly now: () => number;
  readonly partitionOf: (tenant: string) => number;
}

export interface RecordOptions {
  /** Of the event, for who asks what became of it. */
  readonly id?: string;
  readonly also?: EventDraft;
}

export class Appends {
  readonly #pending = new Set<Pending>();
  #timer: NodeJS.Timeout | null = null;

  constructor(private readonly parts: AppendsParts) {}

  start(): void {
    this.#timer = setInterval(() => this.#sweep(), sweepMs);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  /**
   * Submits a job. When the log goes away meanwhile the end is unknown: the caller is told so, and
   * if
   * the job turns out to be stored, nobody waits for it any more, so it is canceled.
   * @throws Fault log_unavailable, log_full, too_large
   */
  async submit(submission: Submission, also?: EventDraft): Promise<Appended> {
    const { event, content, tenant } = submission;
    let givenUp = false;
    const events = [event, ...this.#stamped(also)];
    const appended = this.#append(tenant, { events, content }, () => {
      givenUp = true;
    });
    appended.stored.then(
      () => {
        if (givenUp && event.data.on_disconnect === 'cancel') {
          this.cancel({ job: event.subject, tenant, by: 'disconnect' });
        }
      },
      (error: unknown) => {
        if (givenUp) this.parts.logger.warn({ err: error, job: event.subject }, 'append failed');
      },
    );
    return appended.answer;
  }

  /** `also` with it: both or neither. @throws Fault log_unavailable, log_full */
  async record(
    draft: EventDraft, { id = newEventId(), also }: RecordOptions = {},
  ): Promise<Appended> {
    const event = stamp(draft, id, this.parts.now());
    const entry = { events: [event, ...this.#stamped(also)] };
    return this.#append(draft.tenant, entry, () => undefined).answer;
  }

  /** Who was given what: resolves when it is in the log. @throws Fault log_unavailable, log_full */
  async recordAccess(draft: EventDraft): Promise<Appended> {
    const entry = { events: this.#stamped(draft) };
    return this.#stored(subjects.access, entry, () => undefined).answer;
  }

  /** Orders the end of a job that its client has left; a failure is logged, the job goes on. */
  cancel(about: { job: string; tenant: string; by: 'client' | 'disconnect' | 'admin' }): void {
    this.record(cancelRequested(about, null)).catch((error: unknown) => {
      this.parts.logger.warn({ err: error, job: about.job }, 'cancel not recorded');
    });
  }

  #stamped(draft: EventDraft | undefined): AnyEvent[] {
    return draft === undefined ? [] : [stamp(draft, newEventId(), this.parts.now())];
  }

  #append(
    tenant: string, entry: Entry, onGivenUp: () => void,
  ): { stored: Promise<Appended>; answer: Promise<Appended> } {
    const subject = subjects.job(this.parts.partitionOf(tenant), 'submitted');
    return this.#stored(subject, entry, onGivenUp);
  }

  #stored(
    subject: string, entry: Entry, onGivenUp: () => void,
  ): { stored: Promise<Appended>; answer: Promise<Appended> } {
    const stored = this.parts.log.append(subject, entry);
    const answer = new Promise<Appended>((resolve, reject) => {
      const pending: Pending = {
        startedAtMs: this.parts.now(),
        giveUp: (error) => {
          onGivenUp();
          reject(error);
        },
      };
      this.#pending.add(pending);
      stored.then(resolve, reject).finally(() => this.#pending.delete(pending));
    });
    return { stored, answer };
  }

  #sweep(): void {
    if (this.#pending.size === 0 || this.parts.signals.connected) return;
    const before = this.parts.now() - unreachableAfterMs;
    for (const pending of this.#pending) {
      if (pending.startedAtMs > before) continue;
      this.#pending.delete(pending);
      pending.giveUp(new Fault('log_unavailable', 'the connection to the log is down'));
    }
  }
}

export function cancelRequested(
  about: { job: string; tenant: string; by: 'client' | 'disconnect' | 'admin' },
  reason: string | null,
): EventDraft {
  return {
    type: 'JobCancelRequested', subject: about.job, tenant: about.tenant,
    data: { by: about.by, reason },
  };
}
