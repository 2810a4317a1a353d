// Windows of budgets and rate limits as slots, each named by the time it begins. A calendar window is
// one slot, from one UTC boundary to the next. A rolling one is made of narrow slots: each counts until
// its youngest part has left the window, so a rolling window forgets up to one slot late, never early.
import type { BudgetWindow } from '@libs/events/limits';

export interface Window {
  readonly window: BudgetWindow;
  readonly calendar: boolean;
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
export function slotAt({ window, calendar }: Window, atMs: number): number {
  if (window === 'total') return 0;
  if (calendar) return calendarStart(window, atMs);
  const { slotMs } = rolling[window];
  return Math.floor(atMs / slotMs) * slotMs;
}

/** The first slot that counts now; all later ones do, also those of a log whose clock is ahead. */
export function firstSlot(window: Window, nowMs: number): number {
  if (window.window === 'total') return 0;
  if (window.calendar) return calendarStart(window.window, nowMs);
  const { lengthMs, slotMs } = rolling[window.window];
  return (Math.floor((nowMs - lengthMs - slotMs) / slotMs) + 1) * slotMs;
}

/** From when on a slot does not count any more; null: it counts for ever. */
export function slotEndsMs({ window, calendar }: Window, slot: number): number | null {
  if (window === 'total') return null;
  if (calendar) return calendarEnd(window, slot);
  const { lengthMs, slotMs } = rolling[window];
  return slot + slotMs + lengthMs;
}

/** How long a slot is kept after it ended, for settlements that come late. */
export function slotKeptMs({ window }: Window): number {
  return window === 'total' ? Infinity : rolling[window].lengthMs;
}

type Ending = Exclude<BudgetWindow, 'total'>;

function calendarStart(window: Ending, atMs: number): number {
  const at = new Date(atMs);
  const [year, month] = [at.getUTCFullYear(), at.getUTCMonth()];
  switch (window) {
    case 'minute': return Math.floor(atMs / minuteMs) * minuteMs;
    case 'hour': return Math.floor(atMs / hourMs) * hourMs;
    case 'day': return Math.floor(atMs / dayMs) * dayMs;
    // Weeks begin on Monday (ISO 8601).
    case 'week': return (Math.floor(atMs / dayMs) - (at.getUTCDay() + 6) % 7) * dayMs;
    case 'month': return Date.UTC(year, month);
    case 'quarter': return Date.UTC(year, month - month % 3);
    case 'year': return Date.UTC(year, 0);
  }
}

function calendarEnd(window: Ending, startMs: number): number {
  const start = new Date(startMs);
  const [year, month] = [start.getUTCFullYear(), start.getUTCMonth()];
  switch (window) {
    case 'minute': return startMs + minuteMs;
    case 'hour': return startMs + hourMs;
    case 'day': return startMs + dayMs;
    case 'week': return startMs + 7 * dayMs;
    case 'month': return Date.UTC(year, month + 1);
    case 'quarter': return Date.UTC(year, month + 3);
    case 'year': return Date.UTC(year + 1, 0);
  }
}
