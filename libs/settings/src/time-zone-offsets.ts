// What a name of a time zone means now, from this runtime's copy of the IANA database: for the event
// that writes it down (ADR 15). Nothing that folds the log asks here.
import type { TimeZoneOffsets } from '@libs/events/limits';
import { nearestName } from '@libs/governance/nearest-name';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
/** No zone has two changes within a week; Morocco's are a month apart. */
const stepMs = 7 * dayMs;
/** A window of a year has begun by then, wherever a clock is a little behind. */
const behindMs = 400 * dayMs;
/** What is set today is looked at again long before; see `isOutdated`. */
const aheadMs = 10 * 365 * dayMs;
const renewedWithinMs = 5 * 365 * dayMs;

export interface TimeZoneTable {
  readonly time_zone: string;
  readonly release: string;
  readonly offsets: TimeZoneOffsets;
  readonly known_until_ms: number;
}

/** Release of the database in this runtime, e.g. `2025c`. */
function timeZoneRelease(): string {
  return process.versions.tz ?? '';
}

/** null: it can be used. */
export function timeZoneProblem(name: string): string | null {
  const known = canonical(name);
  if (known === name) return null;
  const near = known ?? nearestName(name, ['UTC', ...Intl.supportedValuesOf('timeZone')]);
  return `"${name}" is no time zone; write its IANA name, e.g. Europe/Berlin`
    + (near === null ? '' : `; did you mean "${near}"?`);
}

/** As the database writes it; null when it has no such name. Offsets (`+02:00`) are no names. */
function canonical(name: string): string | null {
  if (!/^[A-Za-z][\w+-]*(\/[\w+-]+)*$/.test(name)) return null;
  try {
    const { timeZone } = new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions();
    // An old name (Asia/Calcutta for Asia/Kolkata) is one, too.
    return timeZone.toLowerCase() === name.toLowerCase() ? timeZone : name;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Some 600 looks for a zone with two changes a year: about 10 ms, when it is first named. */
export function timeZoneTable(name: string, nowMs: number): TimeZoneTable {
  const offsetAt = offsetReader(name);
  const fromMs = Math.floor((nowMs - behindMs) / dayMs) * dayMs;
  const untilMs = Math.floor((nowMs + aheadMs) / dayMs) * dayMs;
  const offsets = [{ from_ms: fromMs, minutes: offsetAt(fromMs) }];
  for (let atMs = fromMs; atMs < untilMs; atMs += stepMs) {
    const [before, after] = [offsetAt(atMs), offsetAt(atMs + stepMs)];
    if (before === after) continue;
    offsets.push({ from_ms: changeBetween(offsetAt, atMs, atMs + stepMs), minutes: after });
  }
  return { time_zone: name, release: timeZoneRelease(), offsets, known_until_ms: untilMs };
}

/** Whether what the log knows of a zone is to be written anew by this runtime. */
export function isOutdated(
  known: Pick<TimeZoneTable, 'release' | 'known_until_ms'> | undefined, nowMs: number,
): boolean {
  // Never by an older database: two instances would contradict each other for ever.
  const release = timeZoneRelease();
  return known === undefined || release > known.release
    || (release === known.release && known.known_until_ms < nowMs + renewedWithinMs);
}

type OffsetAt = (atMs: number) => number;

/** Minutes from UTC; whole ones since 1972. */
function offsetReader(timeZone: string): OffsetAt {
  const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  return (atMs) => {
    const text = format.format(atMs);
    const [, sign, hours, minutes] = /GMT(?:([+-])(\d\d):(\d\d))?$/.exec(text) ?? [];
    if (sign === undefined) return 0;
    const size = Number(hours) * 60 + Number(minutes);
    return sign === '-' ? -size : size;
  };
}

function changeBetween(offsetAt: OffsetAt, beforeMs: number, afterMs: number): number {
  const before = offsetAt(beforeMs);
  let [low, high] = [beforeMs, afterMs];
  while (high - low > minuteMs) {
    const middle = low + Math.floor((high - low) / 2 / minuteMs) * minuteMs;
    if (offsetAt(middle) === before) low = middle;
    else high = middle;
  }
  return high;
}
