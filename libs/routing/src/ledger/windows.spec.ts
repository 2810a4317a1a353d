// Rules of windows: what counts now, and when it stops counting.
import { describe, expect, test } from '@jest/globals';
import { slotAt, slotEndsMs } from './windows';

const at = (text: string): number => Date.parse(`${text}Z`);
const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString().slice(0, 16));

describe('a calendar window', () => {
  test.each([
    ['minute', '2026-03-04T05:06', '2026-03-04T05:07'], ['hour', '2026-03-04T05:00', '2026-03-04T06:00'],
    ['day', '2026-03-04T00:00', '2026-03-05T00:00'], ['week', '2026-03-02T00:00', '2026-03-09T00:00'],
    ['month', '2026-03-01T00:00', '2026-04-01T00:00'], ['quarter', '2026-01-01T00:00', '2026-04-01T00:00'],
    ['year', '2026-01-01T00:00', '2027-01-01T00:00'],
  ] as const)('of a %s begins at %s and ends at %s UTC', (window, start, end) => {
    const one = { window, calendar: true };
    const slot = slotAt(one, at('2026-03-04T05:06:07'));
    expect([iso(slot), iso(slotEndsMs(one, slot))]).toEqual([start, end]);
    expect(slotAt(one, at(`${end}:00`) - 1)).toBe(slot);
    expect(slotAt(one, at(`${end}:00`))).toBe(at(`${end}:00`));
  });

  test('of a week begins on Monday, also seen from a Sunday', () => {
    const week = { window: 'week', calendar: true } as const;
    expect(iso(slotAt(week, at('2026-03-08T23:59:59')))).toBe('2026-03-02T00:00');
    expect(iso(slotAt(week, at('2026-03-09T00:00:00')))).toBe('2026-03-09T00:00');
  });
});

/** In days, and the slot in milliseconds. */
const lengths = {
  minute: [1 / 1440, 1_000], hour: [1 / 24, 60_000], day: [1, 900_000], week: [7, 7_200_000], month: [30, 43_200_000],
  quarter: [91, 86_400_000], year: [365, 432_000_000],
} as const;

describe('a rolling window', () => {
  test.each(['minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'] as const)(
    'of a %s forgets at most a slot late, and never early', (window) => {
      const one = { window, calendar: false };
      const bookedMs = at('2026-03-04T05:06:07') + 345;
      const slot = slotAt(one, bookedMs);
      const endsMs = slotEndsMs(one, slot)!;
      const [days, slotMs] = lengths[window];
      expect(endsMs).toBeGreaterThan(bookedMs + days * 86_400_000);
      expect(endsMs).toBeLessThanOrEqual(bookedMs + days * 86_400_000 + slotMs);
    });

  test('of a minute counts the last sixty seconds', () => {
    const minute = { window: 'minute', calendar: false } as const;
    const slot = slotAt(minute, at('2026-03-04T05:06:07') + 999);
    expect(slotEndsMs(minute, slot)).toBe(at('2026-03-04T05:07:08'));
  });

  test('a total never ends', () => {
    const total = { window: 'total', calendar: false } as const;
    expect([slotAt(total, 5), slotAt(total, 1e15), slotEndsMs(total, 0)]).toEqual([0, 0, null]);
  });
});
