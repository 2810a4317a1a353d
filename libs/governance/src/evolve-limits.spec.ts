// Rules of what bounds carry: raises and time zones, whenever they come.
import { describe, expect, test } from '@jest/globals';
import type { Catalogue } from '@libs/events/catalogue';
import { type EventDraft, stamp } from '@libs/events/envelope';
import { diffConfig } from './apply-config';
import { emptyConfig } from './desired-config';
import { evolveGovernance } from './evolve';
import { type GovernanceState, initialGovernance, type Limits } from './state';

const budget: Catalogue['LimitsSet']['budgets'][number] = {
  limit_pico_usd: '100', window: 'day', calendar: true, time_zone: 'Europe/Berlin', models: [], providers: [],
};
const limitsSet = (budgets = [budget]): EventDraft => ({
  type: 'LimitsSet', subject: 'team/red', tenant: 'acme',
  data: { level: 'team', id: 'red', budgets, rate_limits: [], max_concurrent: null, origin: 'file' },
});
const zone = (minutes: number): EventDraft => ({
  type: 'TimeZoneSet', subject: 'Europe/Berlin', tenant: 'system',
  data: { time_zone: 'Europe/Berlin', release: 'spec', offsets: [{ from_ms: 0, minutes }], known_until_ms: 0, origin: 'system' },
});
const raise = (name: string, untilMs: number): EventDraft => {
  const { window, calendar, models, providers } = budget;
  return {
    type: 'BudgetRaised', subject: 'team/red', tenant: 'acme',
    data: { level: 'team', id: 'red', raise: name, budget: { window, calendar, models, providers }, add_pico_usd: '5', until_ms: untilMs, reason: '', origin: 'api' },
  };
};
const fold = (...drafts: readonly (readonly [EventDraft, number])[]): GovernanceState =>
  drafts.reduce((state, [draft, atMs], index) => evolveGovernance(state, stamp(draft, `e${index}`, atMs), index + 1), initialGovernance);
const red = (state: GovernanceState): Limits => state.limits.get('team/red')!;

describe('limits', () => {
  test('carry the offsets of their time zones, and new ones as soon as they are there', () => {
    expect(red(fold([zone(60), 0], [limitsSet(), 0])).zones.get('Europe/Berlin')).toEqual([{ from_ms: 0, minutes: 60 }]);
    expect(red(fold([zone(60), 0], [limitsSet(), 0], [zone(120), 0])).zones.get('Europe/Berlin')).toEqual([{ from_ms: 0, minutes: 120 }]);
  });

  test('carry their raises, also when they are set again', () => {
    const state = fold([limitsSet(), 0], [raise('one', 100), 1], [limitsSet(), 2]);
    expect(red(state).raises.map((one) => one.raise)).toEqual(['one']);
  });

  test('that bound nothing are gone; set again they have the raises that are left', () => {
    const state = fold([limitsSet(), 0], [raise('one', 100), 1], [limitsSet([]), 2]);
    expect(state.limits.size).toBe(0);
    expect(red(evolveGovernance(state, stamp(limitsSet(), 'e9', 3), 9)).raises).toHaveLength(1);
  });

  test('forget raises that ended before another one was made, and take the later of two of a name', () => {
    const state = fold([limitsSet(), 0], [raise('one', 100), 1], [raise('two', 300), 2], [raise('three', 300), 200], [raise('two', 250), 201]);
    expect(red(state).raises.map((one) => [one.raise, one.until_ms])).toEqual([['three', 300], ['two', 250]]);
  });

  test('a file that is applied again changes nothing, whatever was raised since', () => {
    const state = fold([zone(60), 0], [limitsSet(), 0], [raise('one', 100), 1]);
    const wanted = { customer: 'acme', level: 'team' as const, id: 'red', budgets: [budget], rate_limits: [], max_concurrent: null };
    expect(diffConfig(state, { ...emptyConfig, limits: [wanted] }, 2).changes).toEqual([]);
    const other = { ...wanted, budgets: [{ ...budget, limit_pico_usd: '7' }] };
    expect(diffConfig(state, { ...emptyConfig, limits: [other] }, 2).changes).toHaveLength(1);
  });
});
