// Windows of budgets and rate limits as slots, each named by the time it begins. A calendar window is
// one slot, from one boundary to the next. A rolling one is made of narrow slots: each counts until
// its youngest part has left the window, so a rolling window forgets up to one slot late, never early.
import type { BudgetWindow, TimeZoneOffsets } from '@libs/events/limits';
import { momentOf, stretchAt } from './time-zone';

export interface Window {
  readonly window: BudgetWindow;
  readonly calendar: boolean;
  /** Of the time zone that a calendar window begins in; absent: UTC. */
  readonly offsets?: TimeZoneOffsets | null;
}

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Between 60 and 96 slots each: forgotten late by 2 % at most, and quickly summed. */
const rolling: Readonly<Record<Exclude<BudgetWindow, 'total'>, {
  readonly lengthMs: number; readonly slotMs: number;
}>> = {
  minute: { lengthMs: minuteMs, slotMs: secondMs },
  hour: { lengthMs: hourMs, slotMs: minuteMs },
  day: { lengthMs: dayMs, slotMs: 15 * minuteMs },
  week: { lengthMs: 7 * dayMs, slotMs: 2 * hourMs },
  month: { lengthMs: 30 * dayMs, slotMs: 12 * hourMs },
  quarter: { lengthMs: 91 * dayMs, slotMs: dayMs },
  year: { lengthMs: 365 * dayMs, slotMs: 5 * dayMs },
};

/** The slot that something at this time belongs to. */
export function slotAt(of: Window, atMs: number): number {
  const { window, calendar } = of;
  if (window === 'total') return 0;
  if (calendar) return calendarSlot(window, of.offsets ?? utc, atMs).fromMs;
  const { slotMs } = rolling[window];
  return Math.floor(atMs / slotMs) * slotMs;
}

/** The first slot that counts now: everything in it or behind it is in the window. */
export function firstSlot(of: Window, nowMs: number): number {
  if (of.window === 'total' || of.calendar) return slotAt(of, nowMs);
  const { lengthMs, slotMs } = rolling[of.window];
  return Math.floor((nowMs - lengthMs) / slotMs) * slotMs;
}

/** From when on a slot does not count any more; null: it counts for ever. */
export function slotEndsMs(of: Window, slot: number): number | null {
  const { window, calendar } = of;
  if (window === 'total') return null;
  if (calendar) return calendarSlot(window, of.offsets ?? utc, slot).untilMs;
  const { lengthMs, slotMs } = rolling[window];
  return slot + slotMs + lengthMs;
}

/** How long a slot is kept after it ended, for settlements that come late. */
export function slotKeptMs({ window }: Window): number {
  return window === 'total' ? Infinity : rolling[window].lengthMs;
}

type Ending = Exclude<BudgetWindow, 'total'>;

const utc: TimeZoneOffsets = [{ from_ms: 0, minutes: 0 }];

interface Span {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Each moment is in exactly one slot, also where clocks are changed: a day has 23, 24 or 25 hours. */
function calendarSlot(window: Ending, offsets: TimeZoneOffsets, atMs: number): Span {
  const { fromMs, untilMs, offsetMs } = stretchAt(offsets, atMs);
  const localMs = atMs + offsetMs;
  if (window === 'minute' || window === 'hour') {
    // Where clocks are changed by half an hour, the hour is cut there.
    const lengthMs = window === 'minute' ? minuteMs : hourMs;
    const startMs = Math.floor(localMs / lengthMs) * lengthMs - offsetMs;
    return {
      fromMs: Math.max(startMs, fromMs), untilMs: Math.min(startMs + lengthMs, untilMs),
    };
  }
  const [start, end] = localDates(window, localMs);
  const span = { fromMs: momentOf(offsets, start), untilMs: momentOf(offsets, end) };
  if (atMs < span.untilMs) return span;
  // Clocks were set back over midnight: the new day has begun, and is not begun again.
  return { fromMs: span.untilMs, untilMs: momentOf(offsets, localDates(window, end)[1]) };
}

/** Midnights, as local time: where the window begins, and the next one. */
function localDates(
  window: Exclude<Ending, 'minute' | 'hour'>, localMs: number,
): readonly [start: number, end: number] {
  const at = new Date(localMs);
  const [year, month] = [at.getUTCFullYear(), at.getUTCMonth()];
  const day = Math.floor(localMs / dayMs);
  switch (window) {
    case 'day': return [day * dayMs, (day + 1) * dayMs];
    case 'week': {
      // Weeks begin on Monday (ISO 8601).
      const monday = (day - (at.getUTCDay() + 6) % 7) * dayMs;
      return [monday, monday + 7 * dayMs];
    }
    case 'month': return [Date.UTC(year, month), Date.UTC(year, month + 1)];
    case 'quarter': {
      const first = month - month % 3;
      return [Date.UTC(year, first), Date.UTC(year, first + 3)];
    }
    case 'year': return [Date.UTC(year, 0), Date.UTC(year + 1, 0)];
  }
}
