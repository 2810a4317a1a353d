// Rules of calendar windows in a time zone: each begins when clocks there show its first moment.
import { describe, expect, test } from '@jest/globals';
import { timeZoneTable } from '@libs/settings/time-zone-offsets';
import { seededRandom } from '@libs/test-kit/seeded-random';
import type { Scope } from './bounds';
import { type Ledger, newLedger, book, openSlot, sumOf } from './ledger';
import { itemsOfLedger, restoreLedgerItem } from './ledger-snapshot';
import { slotAt, slotEndsMs, type Window } from './windows';

const nowMs = Date.UTC(2026, 5, 1);
const offsetsOf = (zone: string): NonNullable<Window['offsets']> => timeZoneTable(zone, nowMs).offsets;
const berlin = offsetsOf('Europe/Berlin');
const at = (text: string): number => Date.parse(text);
const hours = (window: Window, text: string): number => {
  const slot = slotAt(window, at(text));
  return (slotEndsMs(window, slot)! - slot) / 3_600_000;
};
const spanOf = (window: Window, text: string): string[] => {
  const slot = slotAt(window, at(text));
  return [slot, slotEndsMs(window, slot)!].map((ms) => new Date(ms).toISOString().slice(0, 16));
};
const windows = ['minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'] as const;

describe('in Berlin', () => {
  const in_ = (window: Window['window']): Window => ({ window, calendar: true, offsets: berlin });

  test('a day has 23 hours when clocks go forward, 25 when they go back, else 24', () => {
    expect(hours(in_('day'), '2026-03-29T12:00:00Z')).toBe(23);
    expect(hours(in_('day'), '2026-10-25T12:00:00Z')).toBe(25);
    expect(hours(in_('day'), '2026-10-26T12:00:00Z')).toBe(24);
  });

  test.each([
    ['day', '2026-07-01T22:30:00Z', '2026-07-01T22:00', '2026-07-02T22:00'],
    ['day', '2026-01-01T22:30:00Z', '2025-12-31T23:00', '2026-01-01T23:00'],
    // Sunday, 23:59 in Berlin; and Monday, 00:00, in the week of the change.
    ['week', '2026-03-29T21:59:59Z', '2026-03-22T23:00', '2026-03-29T22:00'],
    ['week', '2026-03-29T22:00:00Z', '2026-03-29T22:00', '2026-04-05T22:00'],
    ['month', '2026-03-31T22:30:00Z', '2026-03-31T22:00', '2026-04-30T22:00'],
    ['month', '2026-03-15T12:00:00Z', '2026-02-28T23:00', '2026-03-31T22:00'],
    ['quarter', '2026-12-31T22:59:59Z', '2026-09-30T22:00', '2026-12-31T23:00'],
    ['year', '2026-12-31T23:00:00Z', '2026-12-31T23:00', '2027-12-31T23:00'],
    ['hour', '2026-10-25T00:30:00Z', '2026-10-25T00:00', '2026-10-25T01:00'],
  ] as const)('a %s at %s is from %s to %s UTC', (window, when, from, until) => {
    expect(spanOf(in_(window), when)).toEqual([from, until]);
  });
});

test('where midnight is skipped a day begins at one, and where it comes twice, with the first', () => {
  const cairo: Window = { window: 'day', calendar: true, offsets: offsetsOf('Africa/Cairo') };
  expect(spanOf(cairo, '2026-04-24T12:00:00Z')).toEqual(['2026-04-23T22:00', '2026-04-24T21:00']);
  const havana: Window = { window: 'day', calendar: true, offsets: offsetsOf('America/Havana') };
  expect(spanOf(havana, '2026-11-01T12:00:00Z')).toEqual(['2026-11-01T04:00', '2026-11-02T05:00']);
});

test('where clocks change by half an hour, the hour is cut there and none is counted twice', () => {
  const howe: Window = { window: 'hour', calendar: true, offsets: offsetsOf('Australia/Lord_Howe') };
  expect(spanOf(howe, '2026-04-04T14:59:00Z')).toEqual(['2026-04-04T14:00', '2026-04-04T15:00']);
  expect(spanOf(howe, '2026-04-04T15:01:00Z')).toEqual(['2026-04-04T15:00', '2026-04-04T15:30']);
});

test('windows follow each other without a gap, in every time zone there is', () => {
  const random = seededRandom(1);
  const zones = Intl.supportedValuesOf('timeZone');
  const tables = new Map<string, NonNullable<Window['offsets']>>();
  for (let run = 0; run < 60; run += 1) {
    const zone = random.pick(zones);
    const offsets = tables.get(zone) ?? offsetsOf(zone);
    tables.set(zone, offsets);
    const changes = offsets.map(({ from_ms: fromMs }) => fromMs);
    for (let turn = 0; turn < 40; turn += 1) {
      const window: Window = { window: random.pick(windows), calendar: true, offsets };
      // Around changes of clocks, where it matters.
      const nearMs = random.pick(changes) + random.whole(-90_000, 90_000) * 1_000;
      const slot = slotAt(window, nearMs);
      const endsMs = slotEndsMs(window, slot)!;
      const said = `${zone} ${window.window} ${nearMs}`;
      expect([said, slot <= nearMs && nearMs < endsMs]).toEqual([said, true]);
      expect([said, slotAt(window, slot), slotAt(window, endsMs - 1), slotAt(window, endsMs)])
        .toEqual([said, slot, slot, endsMs]);
      // As the clocks there show it: the last moment before belongs to another one.
      expect([said, slotAt(window, slot - 1) < slot]).toEqual([said, true]);
    }
  }
});

describe('an account whose time zone gets other rules', () => {
  const scope: Scope = { kind: 'budget', window: 'day', calendar: true, models: [], providers: [] };
  const utc = { ...scope, offsets: [{ from_ms: 0, minutes: 0 }] };
  const east = { ...scope, offsets: [{ from_ms: 0, minutes: 120 }] };
  const spend = (ledger: Ledger, bound: typeof utc, when: string): number => {
    const opened = openSlot(ledger, 'a', bound, at(when));
    book(ledger, { ...opened, perCall: 1n }, { spent: 1n, held: 0n });
    return opened.slot;
  };

  test('ends the window that has begun as was said, and begins the next by the new ones', () => {
    const ledger = newLedger();
    const slot = spend(ledger, utc, '2026-06-01T12:00:00Z');
    expect(spend(ledger, east, '2026-06-01T23:00:00Z')).toBe(slot);
    expect(sumOf(ledger, 'a', at('2026-06-01T23:59:59Z')).spent).toBe(2n);
    expect(sumOf(ledger, 'a', at('2026-06-02T00:00:00Z')).spent).toBe(0n);
    spend(ledger, east, '2026-06-02T01:00:00Z');
    expect(sumOf(ledger, 'a', at('2026-06-02T21:59:59Z')).spent).toBe(1n);
    expect(sumOf(ledger, 'a', at('2026-06-02T22:00:00Z')).spent).toBe(0n);
  });

  test('goes on from a snapshot as it would have without one', () => {
    const ledger = newLedger();
    spend(ledger, east, '2026-06-01T12:00:00Z');
    const restored = newLedger();
    for (const item of itemsOfLedger(0, ledger)) {
      restoreLedgerItem(restored, JSON.parse(JSON.stringify(item)) as typeof item);
    }
    for (const when of ['2026-06-01T21:59:59Z', '2026-06-01T22:00:00Z']) {
      expect(sumOf(restored, 'a', at(when))).toMatchObject({ spent: sumOf(ledger, 'a', at(when)).spent });
    }
    expect(sumOf(restored, 'a', at('2026-06-01T22:00:00Z')).spent).toBe(0n);
  });
});
