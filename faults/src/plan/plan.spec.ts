// A seed is a campaign: what happens when, and which requests come.
import { describe, expect, test } from '@jest/globals';
import { faultKinds, ruleOf } from './kinds';
import { planLoad } from './load-plan';
import { leftOut, planSchedule } from './schedule';

const options = { seed: 7, seconds: 120, hasDisk: true, only: [] };

describe('a schedule', () => {
  test('is the same for the same seed, another for another', () => {
    expect(planSchedule(options)).toEqual(planSchedule(options));
    expect(planSchedule({ ...options, seed: 8 })).not.toEqual(planSchedule(options));
  });

  test('brings each fault of a long run once before any comes again, the core ones first', () => {
    for (const [track, planned] of Object.entries(planSchedule(options))) {
      const kinds = faultKinds.filter((kind) => ruleOf(kind).track === track);
      const first = planned.slice(0, kinds.length).map(({ kind }) => kind);
      expect([...first].sort()).toEqual([...kinds].sort());
      const ranks = first.map((kind) => ruleOf(kind).rank === 'core');
      expect(ranks).toEqual([...ranks].sort((a, b) => Number(b) - Number(a)));
    }
  });

  test('holds faults as long as their rule says', () => {
    for (const planned of Object.values(planSchedule(options)).flat()) {
      const [least, most] = ruleOf(planned.kind).holdMs;
      expect(planned.holdMs).toBeGreaterThanOrEqual(least);
      expect(planned.holdMs).toBeLessThanOrEqual(most);
    }
  });

  test('leaves out what cannot be done or takes too long, and says so', () => {
    const short = { ...options, seconds: 60, hasDisk: false };
    const kinds = new Set(Object.values(planSchedule(short)).flat().map(({ kind }) => kind));
    expect(['power loss', 'disk full', 'provider away'].filter((kind) => kinds.has(kind as 'power loss')))
      .toEqual([]);
    expect(leftOut(short).map((line) => line.split(':')[0])).toEqual([
      'power loss', 'disk full', 'provider away',
    ]);
    expect(leftOut(options)).toEqual([]);
  });

  test('has nothing but what was asked for', () => {
    const only = planSchedule({ ...options, only: ['kill nats'] });
    expect(new Set(only.process.map(({ kind }) => kind))).toEqual(new Set(['kill nats']));
    expect([only.provider, only.receiver]).toEqual([[], []]);
  });
});

describe('the mixed load', () => {
  const first = (seed: number, count: number) => {
    const requests = planLoad(seed, { tenants: 4, perSecond: 20 });
    return Array.from({ length: count }, () => requests.next().value);
  };

  test('is the same for the same seed, another for another', () => {
    expect(first(7, 200)).toEqual(first(7, 200));
    expect(first(8, 200)).not.toEqual(first(7, 200));
  });

  test('has every shape, both surfaces, all tenants, and comes at the rate asked for', () => {
    const requests = first(7, 5_000);
    const shares = (of: (one: (typeof requests)[number]) => unknown): number[] => {
      const values = requests.map(of);
      return [...new Set(values)].map((value) => (
        values.filter((one) => one === value).length / values.length));
    };
    expect(shares(({ shape }) => shape)).toHaveLength(7);
    expect(Math.min(...shares(({ shape }) => shape))).toBeGreaterThan(0.02);
    expect(shares(({ surface }) => surface)).toHaveLength(2);
    expect(Math.min(...shares(({ tenant }) => tenant))).toBeGreaterThan(0.2);
    const gapMs = requests.reduce((sum, one) => sum + one.gapMs, 0) / requests.length;
    expect(gapMs).toBeGreaterThan(45);
    expect(gapMs).toBeLessThan(55);
    expect(new Set(requests.map(({ request }) => request)).size).toBe(requests.length);
  });
});
