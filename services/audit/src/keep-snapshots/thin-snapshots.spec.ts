import { describe, expect, test } from '@jest/globals';
import { seededRandom } from '@libs/test-kit/seeded-random';
import { type SnapshotPlace, superfluous } from './thin-snapshots';

const nowMs = Date.UTC(2026, 10, 26, 12);
const minuteMs = 60_000;
const roomy = { nowMs, bytesMax: Infinity, gapEventsMax: 200_000 };

/** One a minute up to now, of a log with so many events a minute. */
function everyMinute(minutes: number, eventsPerMinute: number, bytes = 1): SnapshotPlace[] {
  return Array.from({ length: minutes }, (_, index) => ({
    sequence: index + 1, events: (index + 1) * eventsPerMinute, bytes,
    atMs: nowMs - (minutes - 1 - index) * minuteMs,
  }));
}

function left(places: readonly SnapshotPlace[], rules = roomy): SnapshotPlace[] {
  const gone = new Set(superfluous(places, rules));
  return places.filter(({ sequence }) => !gone.has(sequence));
}

describe('of snapshots', () => {
  test('every one of the last hour stays', () => {
    const places = everyMinute(600, 10);
    expect(left(places).filter(({ atMs }) => nowMs - atMs <= 60 * minuteMs)).toHaveLength(61);
  });

  test('one an hour stays for a week, then one a day', () => {
    const days = left(everyMinute(20 * 24 * 60, 1));
    const older = (fromH: number, toH: number): number => days.filter(({ atMs }) =>
      atMs < nowMs - fromH * 60 * minuteMs && atMs >= nowMs - toH * 60 * minuteMs).length;
    expect(older(2, 3)).toBe(1);
    expect(older(24, 48)).toBe(24);
    expect(older(10 * 24, 13 * 24)).toBe(3);
  });

  test('more stay where much is to be folded from one to the next', () => {
    const places = left(everyMinute(24 * 60, 50_000));
    places.slice(1).forEach((place, index) => {
      expect(place.events - places[index]!.events).toBeLessThanOrEqual(200_000);
    });
    expect(places.length).toBeLessThan(24 * 60 / 3 + 61);
  });

  test('what was thinned once is not thinned further the minute after', () => {
    const places = left(everyMinute(24 * 60, 50_000));
    const later = left(places, { ...roomy, nowMs: nowMs + minuteMs });
    expect(places.length - later.length).toBeLessThanOrEqual(1);
  });

  test('those beyond the room go, the last one never', () => {
    const places = everyMinute(500, 100, 10);
    const kept = left(places, { ...roomy, bytesMax: 95 });
    expect(kept).toHaveLength(9);
    expect(kept.at(-1)?.sequence).toBe(500);
    expect(left(places, { ...roomy, bytesMax: 1 })).toEqual([places.at(-1)]);
  });

  test('those go first without which least is to be folded', () => {
    const random = seededRandom(7);
    let events = 0;
    const places = Array.from({ length: 40 }, (_, index) => ({
      sequence: index + 1, events: events += random.whole(1, 10_000), bytes: 1, atMs: nowMs,
    }));
    const kept = left(places, { ...roomy, bytesMax: 10 });
    const widest = Math.max(...kept.map((place, at) => place.events - (kept[at - 1]?.events ?? 0)));
    expect(widest).toBeLessThan(3 * events / 10);
  });
});
