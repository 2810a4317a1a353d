// Destroys the data keys whose time is over, and says so in the log. One ingress does it at a time: who
// has made the entry of the sweep in the store of keys. It says what is to be destroyed and how many
// that is; if its maker dies, the next one goes on by it, so each key is counted once.
import { z } from 'zod';
import { type ContentKeys } from '@libs/content-keys/content-keys';
import { sweepEntry } from '@libs/content-keys/key-record';
import { type KeyStore } from '@libs/content-keys/key-store';
import { timeOfKey } from '@libs/content-keys/timed-name';
import { stamp } from '@libs/events/envelope';
import { subjects } from '@libs/events/subjects';
import { systemTenant } from '@libs/governance/state';
import { type EventLog } from '@libs/log/log';
import { newEventId } from '@libs/telemetry/ids';
import { type Logger } from '@libs/telemetry/logger';

const sweepRecord = z.object({
  through_ms: z.number().int(),
  keys: z.number().int(),
  by_kind: z.record(z.string(), z.number().int()),
  begun_at_ms: z.number().int(),
});
type Sweep = z.infer<typeof sweepRecord>;

export interface ContentSweeperParts {
  readonly log: EventLog;
  readonly store: KeyStore;
  readonly keys: Pick<ContentKeys, 'forgetPast'>;
  readonly logger: Logger;
  readonly now: () => number;
  /** Time from the end of a period to the destruction of its keys. */
  readonly skewMs: number;
}

/** Also the longest pause between two looks. */
const usualEveryMs = 60_000;

export class ContentSweeper {
  #timer: NodeJS.Timeout | null = null;
  #sweeping: Promise<void> | null = null;

  constructor(private readonly parts: ContentSweeperParts) {}

  start(): void {
    this.#timer = setInterval(() => {
      this.#sweeping ??= this.#look().finally(() => { this.#sweeping = null; });
    }, Math.min(usualEveryMs, this.parts.skewMs));
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#sweeping;
  }

  /** How many keys were destroyed. @throws Fault log_unavailable */
  async sweep(): Promise<number> {
    const { store, log } = this.parts;
    const sweep = await this.#claim();
    if (sweep === null) return 0;
    // Once more: what is due was made long ago, so no name is missing.
    for (const name of await this.#dueNames(sweep.through_ms)) await store.destroy(name, () => true);
    const { through_ms, keys, by_kind } = sweep;
    const event = stamp({
      type: 'ContentKeysDestroyed', subject: 'content', tenant: systemTenant,
      data: { through_ms, keys, by_kind },
    }, newEventId(), this.parts.now());
    await log.append(subjects.access, { events: [event] });
    await store.destroy(sweepEntry, (value) => value === JSON.stringify(sweep));
    return keys;
  }

  /** The sweep that is this process's to carry out: a new one, or one that was left. */
  async #claim(): Promise<Sweep | null> {
    const { store, now, skewMs } = this.parts;
    const left = await store.get(sweepEntry);
    if (left !== null) {
      const sweep = sweepRecord.parse(JSON.parse(left));
      // Longer than a sweep takes; if not, the fact is told twice and nothing else happens.
      return sweep.begun_at_ms <= now() - 5 * Math.min(usualEveryMs, skewMs) ? sweep : null;
    }
    const throughMs = now() - skewMs;
    const names = await this.#dueNames(throughMs);
    if (names.length === 0) return null;
    const byKind: Record<string, number> = {};
    for (const name of names) {
      const kind = timeOfKey(name)?.kind ?? '';
      byKind[kind] = (byKind[kind] ?? 0) + 1;
    }
    const sweep = {
      through_ms: throughMs, keys: names.length, by_kind: byKind, begun_at_ms: now(),
    };
    return await store.create(sweepEntry, JSON.stringify(sweep)) ? sweep : null;
  }

  async #dueNames(throughMs: number): Promise<string[]> {
    return (await this.parts.store.timedNames()).filter((name) => {
      const time = timeOfKey(name);
      return time !== null && time.untilMs <= throughMs;
    });
  }

  async #look(): Promise<void> {
    const { keys: known, logger } = this.parts;
    known.forgetPast();
    try {
      const keys = await this.sweep();
      if (keys > 0) logger.info({ keys }, 'data keys whose time is over are destroyed');
    } catch (error) {
      logger.warn({ err: error }, 'data keys whose time is over are not destroyed yet, will try again');
    }
  }
}
