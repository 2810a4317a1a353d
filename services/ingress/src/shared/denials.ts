// Refused requests as facts: one `RequestDenied` per key or source and reason per 10 s, with a
// count, so that a flood of bad keys cannot fill the log.
import { type AnyEvent, stamp } from '@libs/events/envelope';
import { subjects } from '@libs/events/subjects';
import { type EventLog } from '@libs/log/log';
import { newEventId } from '@libs/telemetry/ids';
import { type Logger } from '@libs/telemetry/logger';

const windowMs = 10_000;
/** Distinct (source, key, reason) per window; beyond it they count under the source `other`. */
const distinctMax = 1_000;

interface Denied {
  readonly source: string;
  readonly key: string | null;
  readonly tenant: string;
  readonly reason: string;
  readonly administrator?: string;
  count: number;
}

export class Denials {
  #window = new Map<string, Denied>();
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly log: EventLog,
    private readonly logger: Logger,
    private readonly now: () => number,
  ) {}

  note(about: Omit<Denied, 'count'>): void {
    const full = this.#window.size >= distinctMax;
    const source = full ? 'other' : about.source;
    const id = `${source}\n${about.key ?? about.administrator ?? ''}\n${about.reason}`;
    const known = this.#window.get(id);
    if (known === undefined) this.#window.set(id, { ...about, source, count: 1 });
    else known.count += 1;
    this.#timer ??= setTimeout(() => void this.flush(), windowMs).unref();
  }

  /** Appends what was counted; a log that is away loses the count, which is logged. */
  async flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const denied = [...this.#window.values()];
    this.#window = new Map();
    if (denied.length === 0) return;
    const events = denied.map(({ tenant, ...data }): AnyEvent => stamp({
      type: 'RequestDenied', subject: data.key ?? data.administrator ?? data.source, tenant, data,
    }, newEventId(), this.now()));
    // 100: a commit takes up to 256 events.
    for (let start = 0; start < events.length; start += 100) {
      try {
        await this.log.append(subjects.access, { events: events.slice(start, start + 100) });
      } catch (error) {
        this.logger.warn({ err: error, lost: events.length - start }, 'denials not recorded');
        return;
      }
    }
  }
}
