// Whether new work may come in now: log reachable, room in the log, room among the waiting
// requests. Asked before anything is appended.
import { type EventLog, unreachableAfterMs } from '@libs/log/log';
import { type Signals } from '@libs/signals/signals';
import { type Logger } from '@libs/telemetry/logger';
import { type HttpRefusal, refusal, retryAfterFaultS } from './refusal';

/** From here on new work is refused, so that outcomes of accepted work always fit. */
const fullFrom = 0.9;
/** A small log fills in seconds under load; what it grew by since the last look is looked ahead. */
const roomCheckMs = 1_000;

export interface AdmissionParts {
  readonly log: EventLog;
  readonly signals: Signals;
  readonly waitingMax: number;
  readonly openJobsMax: number;
  /** As the routers say each second. */
  readonly openJobs: () => number;
  readonly logger: Logger;
}

export class Admission {
  #waiting = 0;
  #full = false;
  #bytesBefore: number | null = null;
  /** When work first came in without a connection to the log. */
  #unreachableSinceMs: number | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(private readonly parts: AdmissionParts) {}

  async start(): Promise<void> {
    await this.checkRoom();
    this.#timer = setInterval(() => void this.checkRoom(), roomCheckMs);
    this.#timer.unref();
    this.parts.signals.onReconnect(() => { this.#unreachableSinceMs = null; });
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  get waiting(): number {
    return this.#waiting;
  }

  get full(): boolean {
    return this.#full;
  }

  /** Of work that nobody waits for here. */
  refuseWork(): HttpRefusal | null {
    if (this.#isUnreachable()) {
      return refusal(503, 'log_unavailable',
        'The log cannot be reached, so nothing can be accepted. Try again shortly.',
        { retryAfterS: retryAfterFaultS });
    }
    if (this.parts.openJobs() >= this.parts.openJobsMax) {
      return refusal(429, 'queue_full',
        `${this.parts.openJobsMax} jobs are open already; try again later.`,
        { retryAfterS: 5, shouldRetry: true });
    }
    if (!this.#full) return null;
    // A minute: trimming or more room is an operator's work.
    return refusal(503, 'log_full',
      'The log is nearly full: accepted work is finished, new work is refused.',
      { retryAfterS: 60 });
  }

  /** A short loss is the append's to wait for; after that the answer is the same without waiting. */
  #isUnreachable(): boolean {
    if (this.parts.signals.connected) this.#unreachableSinceMs = null;
    else this.#unreachableSinceMs ??= performance.now();
    return this.#unreachableSinceMs !== null
      && performance.now() - this.#unreachableSinceMs >= unreachableAfterMs;
  }

  /** Takes a place among the waiting; `leave` gives it back. */
  enter(): HttpRefusal | null {
    const refused = this.refuseWork();
    if (refused !== null) return refused;
    if (this.#waiting >= this.parts.waitingMax) return this.#waitingFull();
    this.#waiting += 1;
    return null;
  }

  /** Says no before anything of the request was looked at, when it would be no anyway. */
  refuseWaiting(): HttpRefusal | null {
    return this.#waiting >= this.parts.waitingMax ? this.#waitingFull() : null;
  }

  #waitingFull(): HttpRefusal {
    return refusal(429, 'queue_full',
      `${this.parts.waitingMax} requests are waiting here already; try again shortly.`,
      { retryAfterS: 1, shouldRetry: true });
  }

  leave(): void {
    this.#waiting -= 1;
  }

  async checkRoom(): Promise<void> {
    try {
      const { bytes, bytesMax } = await this.parts.log.state();
      // Two looks more: the next one may be late, and what was accepted writes on.
      const soon = bytes + 2 * Math.max(0, bytes - (this.#bytesBefore ?? bytes));
      this.#bytesBefore = bytes;
      this.#full = bytesMax > 0 && soon >= bytesMax * fullFrom;
    } catch (error) {
      // A log that is away is refused by itself; the last known room stands.
      this.parts.logger.debug({ err: error }, 'room of the log not known');
    }
  }
}
