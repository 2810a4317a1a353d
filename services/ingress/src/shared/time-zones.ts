// Writes anew what time zones mean when this instance has a newer database of them, or when what stands
// in the log comes to its end (ADR 15).
import { type Logger } from '@libs/telemetry/logger';
import { type GovernanceFold } from './governance-fold';
import { zoneDrafts } from './time-zone-drafts';

/** Laws change a few times a year; a process that runs on learns of it with its next version. */
const everyMs = 24 * 3_600_000;

export class TimeZones {
  #timer: NodeJS.Timeout | null = null;

  constructor(private readonly governance: GovernanceFold, private readonly logger: Logger) {}

  start(): void {
    void this.#renew();
    this.#timer = setInterval(() => void this.#renew(), everyMs);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  async #renew(): Promise<void> {
    try {
      await this.governance.change((state, nowMs) =>
        zoneDrafts(state, state.timeZones.keys(), nowMs));
    } catch (error) {
      // What is known holds on; the next look is tomorrow, or at the next start.
      this.logger.warn({ err: error }, 'time zones could not be renewed');
    }
  }
}
