// Rules of budgets and rates that change with time and kind: raises that end, windows in time zones, prompt
// and answer counted apart, models under way, and what is told of what is left.
import { describe, expect, test } from '@jest/globals';
import type { Catalogue } from '@libs/events/catalogue';
import type { DraftOf, EventDraft } from '@libs/events/envelope';
import { stamp } from '@libs/events/envelope';
import { evolveGovernance } from '@libs/governance/evolve';
import { decideAgain } from '../decide-again';
import {
  attemptOf, decided, given, governed, ownedPartition, type Partition, providerConfigured, routedOf, run, startMs,
  submitted, succeeded, summary,
} from '../routing-for-specs';
import { newWorld } from '../world';
import { sumOf } from './ledger';
import { usageLines, usageTable } from './usage-view';

type Bounds = Partial<Pick<Catalogue['LimitsSet'], 'budgets' | 'rate_limits' | 'max_concurrent' | 'concurrent'>>;
type Budget = NonNullable<Bounds['budgets']>[number];

const limitsSet = (bounds: Bounds): DraftOf<'LimitsSet'> => ({
  type: 'LimitsSet', subject: 'key/key_1', tenant: 'acme',
  data: { level: 'key', id: 'key_1', budgets: [], rate_limits: [], max_concurrent: null, origin: 'file', ...bounds },
});
const budget = (limit: number, changes: Partial<Budget> = {}): Budget =>
  ({
    limit_pico_usd: String(limit), window: 'total', calendar: false, models: [], providers: [], alert_at: [], ...changes,
  });
const zoneSet = (minutes: number): EventDraft => ({
  type: 'TimeZoneSet', subject: 'Europe/Berlin', tenant: 'system',
  data: { time_zone: 'Europe/Berlin', release: 'spec', offsets: [{ from_ms: 0, minutes }], known_until_ms: 0, origin: 'system' },
});
const raised = (add: number, untilMs: number, of: Partial<Budget> = {}): EventDraft => {
  const scope = { window: 'total' as const, calendar: false, models: [], providers: [], ...of };
  return {
    type: 'BudgetRaised', subject: 'key/key_1', tenant: 'acme',
    data: { level: 'key', id: 'key_1', raise: `raise_${add}`, budget: scope, add_pico_usd: String(add), until_ms: untilMs, reason: '', origin: 'api' },
  };
};
const priced: EventDraft = {
  type: 'PriceSet', subject: 'one/gpt-4o', tenant: 'system',
  data: {
    provider: 'one', model: 'gpt-4o', source: 'api', origin: 'api',
    price: { input_per_token: '0', cached_input_per_token: '0', cache_write_per_token: '0', output_per_token: '2', per_request: '0' },
  },
};
/** A request of 50 output tokens may cost 100. */
const partitionWith = (...drafts: EventDraft[]): Partition => ownedPartition(governed(providerConfigured('one'), priced, ...drafts));
function change(partition: Partition, draft: EventDraft): void {
  const { governance, nowMs, sequence } = partition;
  partition.governance = evolveGovernance(governance, stamp(draft, 'g', nowMs), sequence + 1_000);
}
const sum = (partition: Partition, account: string): string => {
  const { spent, held } = sumOf(partition.state.ledger, account, partition.nowMs);
  return `${spent} spent, ${held} held`;
};
function costing(routed: DraftOf<'JobRouted'>, cost: number): DraftOf<'JobSucceeded'> {
  const draft = succeeded(routed);
  const usage = { input_tokens: 10, cached_input_tokens: 0, cache_write_tokens: 0, output_tokens: 5, reasoning_tokens: 0 };
  return { ...draft, data: { ...draft.data, attempts: [attemptOf(routed, { cost_pico_usd: String(cost), usage })] } };
}
const lines = ({ state, governance, nowMs }: Partition) => usageLines(state.ledger, [...governance.limits.values()], nowMs);

describe('a raise', () => {
  const untilMs = startMs + 60_000;

  test('lets more pass until its end, and changes nothing in the books when it has ended', () => {
    const partition = partitionWith(limitsSet({ budgets: [budget(100)] }));
    change(partition, raised(100, untilMs));
    given(partition, submitted('a'), submitted('b'), submitted('c'));
    const drafts = run(partition);
    expect(summary(drafts)).toEqual(['JobRouted a', 'JobRouted b', 'JobRejected c']);
    given(partition, ...routedOf(drafts).map((routed) => costing(routed, 90)));
    partition.nowMs = untilMs;
    expect(sum(partition, 'key/key_1 budget total')).toBe('180 spent, 0 held');
    expect(lines(partition)).toMatchObject([{ limit: '0.0000000001', spent: '0.00000000018', remaining: '0' }]);
    given(partition, submitted('d'));
    expect(summary(run(partition))).toEqual(['JobRejected d']);
  });

  test('that ends while a call is under way is settled as it was held', () => {
    const partition = partitionWith(limitsSet({ budgets: [budget(100)] }), raised(100, untilMs));
    given(partition, submitted('a'), submitted('b'));
    const drafts = routedOf(run(partition));
    partition.nowMs = untilMs + 1;
    given(partition, ...drafts.map((routed) => costing(routed, 30)));
    expect(sum(partition, 'key/key_1 budget total')).toBe('60 spent, 0 held');
  });

  test('goes on over a window that begins anew', () => {
    const day = { window: 'day', calendar: true } as const;
    const partition = partitionWith(limitsSet({ budgets: [budget(100, day)] }), raised(100, startMs + 3 * 86_400_000, day));
    const days: string[][] = [];
    for (let at = 0; at < 5; at += 1) {
      partition.nowMs = startMs + at * 86_400_000;
      const job = { deadline_at_ms: partition.nowMs + 1_000 };
      given(partition, submitted(`a${at}`, job), submitted(`b${at}`, job));
      const drafts = run(partition);
      given(partition, ...routedOf(drafts).map((routed) => costing(routed, 100)));
      days.push(summary(drafts));
    }
    expect(days.map((drafts) => drafts.filter((text) => text.startsWith('JobRouted')).length)).toEqual([2, 2, 2, 1, 1]);
  });

  test('is of the budget that it names alone, adds to others, and is replaced under its name', () => {
    const day = { window: 'day' } as const;
    const partition = partitionWith(limitsSet({ budgets: [budget(100), budget(100, day)] }), raised(7, untilMs), raised(20, untilMs));
    change(partition, { ...raised(7, startMs), type: 'BudgetRaised' } as EventDraft);
    expect(lines(partition).map(({ limit, raised: more }) => [limit, more?.until])).toEqual([
      ['0.00000000012', new Date(untilMs).toISOString()], ['0.0000000001', undefined],
    ]);
  });

  test('stays when the budget is set again, and one of the budget itself does the same', () => {
    const own = { raise: { add_pico_usd: '50', until_ms: untilMs } };
    const partition = partitionWith(limitsSet({ budgets: [budget(100)] }), raised(20, untilMs));
    change(partition, limitsSet({ budgets: [budget(200, own)] }));
    expect(lines(partition)).toMatchObject([{ limit: '0.00000000027', raised: { limit: '0.0000000002' } }]);
    expect(usageTable(lines(partition))).toContain(`0.00000000027 USD (0.0000000002 from ${new Date(untilMs).toISOString()})`);
  });

  test('lets go what waited for a budget that others had used up', () => {
    const partition = partitionWith(limitsSet({ budgets: [budget(100)] }));
    given(partition, submitted('a'), submitted('b', { mode: 'async', over_budget: 'wait' }));
    expect(summary(run(partition))).toEqual(['JobRouted a']);
    change(partition, raised(100, untilMs));
    expect(summary(run(partition))).toEqual(['JobRouted b']);
  });
});

describe('a budget in a time zone', () => {
  const day = { window: 'day', calendar: true, time_zone: 'Europe/Berlin' } as const;
  const account = 'key/key_1 budget day calendar Europe/Berlin';
  const midnightMs = startMs + 23 * 3_600_000;
  const job = { deadline_at_ms: startMs + 2 * 86_400_000 };

  test('begins anew at midnight there', () => {
    const partition = partitionWith(zoneSet(60), limitsSet({ budgets: [budget(150, day)] }));
    partition.nowMs = midnightMs - 1;
    given(partition, submitted('a', job), submitted('b', job));
    const drafts = run(partition);
    expect(summary(drafts)).toEqual(['JobRouted a', 'JobRejected b']);
    expect(drafts[1]?.data).toMatchObject({ limit: { resets_at_ms: midnightMs } });
    expect(lines(partition)).toMatchObject([{ time_zone: 'Europe/Berlin', resets_at: new Date(midnightMs).toISOString() }]);
    partition.nowMs = midnightMs;
    given(partition, submitted('c', job));
    expect(summary(run(partition))).toEqual(['JobRouted c']);
  });

  test('the boundary and a settlement under way do not disturb each other, in either order', () => {
    const books = (...order: ('settle' | 'route')[]): string[] => {
      const partition = partitionWith(zoneSet(60), limitsSet({ budgets: [budget(150, day)] }));
      partition.nowMs = midnightMs - 1;
      given(partition, submitted('a', job));
      const [before] = routedOf(run(partition));
      for (const what of order) {
        partition.nowMs = midnightMs + 1;
        if (what === 'settle') given(partition, costing(before!, 77));
        else {
          given(partition, submitted('b', job));
          expect(summary(run(partition))).toEqual(['JobRouted b']);
        }
      }
      const { ledger } = partition.state;
      return [midnightMs - 1, midnightMs].map((nowMs) => {
        const { spent, held } = sumOf(ledger, account, nowMs);
        return `${spent} ${held}`;
      }).concat([...ledger.accounts.get(account)!.slots.values()].map(({ spent, held }) => `${spent} ${held}`));
    };
    expect(books('settle', 'route')).toEqual(books('route', 'settle'));
    expect(books('settle', 'route').slice(1)).toEqual(['0 100', '77 0', '0 100']);
  });

  test('whose offsets come anew in the log goes on counting what it has', () => {
    const partition = partitionWith(zoneSet(60), limitsSet({ budgets: [budget(150, day)] }));
    given(partition, submitted('a', job));
    given(partition, costing(routedOf(run(partition))[0]!, 100));
    change(partition, zoneSet(120));
    given(partition, submitted('b', job));
    expect(summary(run(partition))).toEqual(['JobRejected b']);
    expect(sum(partition, account)).toBe('100 spent, 0 held');
  });
});

describe('limits of prompt and answer', () => {
  test('are held by estimate and by the longest answer, and each corrected by what it was', () => {
    const partition = partitionWith(limitsSet({
      rate_limits: [{ input_tokens: 250, output_tokens: 1_000, window: 'minute', models: [] }],
    }));
    given(partition, submitted('a'), submitted('b'), submitted('c'));
    const drafts = run(partition);
    expect(summary(drafts)).toEqual(['JobRouted a', 'JobRouted b', 'JobRejected c']);
    expect(drafts[2]?.data).toMatchObject({ status: 429, limit: { kind: 'input_tokens', limit: '250', held: '200' } });
    expect((drafts[2]?.data as Catalogue['JobRejected']).message)
      .toContain('The limit of key key_1 is 250 input tokens per minute: 0 are used and 200 are held for requests under way. This request may need up to 100.');
    expect(sum(partition, 'key/key_1 output_tokens minute')).toBe('0 spent, 100 held');
    given(partition, ...routedOf(drafts).map((routed) => costing(routed, 1)));
    expect(sum(partition, 'key/key_1 input_tokens minute')).toBe('20 spent, 0 held');
    expect(sum(partition, 'key/key_1 output_tokens minute')).toBe('10 spent, 0 held');
  });
});

test('what is under way is bounded by model, too', () => {
  const partition = partitionWith(limitsSet({ concurrent: [{ concurrent: 1, models: ['gpt-*'] }] }));
  given(partition, submitted('a'), submitted('b'), submitted('c', { model: 'one/gpt-4o' }));
  const drafts = run(partition);
  expect(summary(drafts).sort()).toEqual(['JobRejected b', 'JobRouted a', 'JobRouted c']);
  given(partition, costing(routedOf(drafts)[0]!, 1), submitted('d'));
  expect(summary(run(partition))).toEqual(['JobRouted d']);
});

describe('what a decision tells of rate limits', () => {
  const rates = { rate_limits: [
    { requests: 10, window: 'minute' as const, models: [] }, { requests: 1_000, window: 'hour' as const, models: [] },
    { tokens: 400, window: 'minute' as const, models: [] }, { output_tokens: 5, window: 'day' as const, models: ['other'] },
  ] };

  test('is what the tightest of each kind has left with it, and is made again alike', () => {
    const partition = partitionWith(limitsSet(rates));
    given(partition, submitted('a'), submitted('b'));
    const drafts = routedOf(decided(partition));
    expect(drafts.map(({ data }) => data.rates?.map(({ kind, limit, left }) => [kind, limit, left]))).toEqual([
      [['requests', 10, 9], ['tokens', 400, 250]], [['requests', 10, 8], ['tokens', 400, 100]],
    ]);
    expect(drafts[0]?.data.rates?.[0]?.resets_at_ms).toBe(startMs + 61_000);
    const { governance, load, state, nowMs, sequence } = partition;
    const world = { ...newWorld(1), governance, load };
    for (const { subject, data } of drafts) {
      const { overlay = {}, reserved = [] } = data;
      expect(decideAgain(world, state, { job: subject, seen: sequence, nowMs, overlay, reserved })).toEqual({ type: 'JobRouted', data });
    }
  });

  test('is left out when a decision is made again that did not tell it', () => {
    const partition = partitionWith(limitsSet(rates));
    given(partition, submitted('a'));
    const [routed] = routedOf(decided(partition));
    const { governance, load, state, nowMs, sequence } = partition;
    const data = Object.fromEntries(Object.entries(routed!.data).filter(([name]) => name !== 'rates'));
    const remade = { job: 'a', seen: sequence, nowMs, overlay: {}, reserved: [], tellsRates: false };
    expect(decideAgain({ ...newWorld(1), governance, load }, state, remade)).toEqual({ type: 'JobRouted', data });
  });

  test('is told with a refusal, whatever it is for', () => {
    const partition = partitionWith(limitsSet({ ...rates, budgets: [budget(100)] }));
    given(partition, submitted('a'), submitted('b'), submitted('c', { model: 'nothing' }));
    const drafts = run(partition);
    expect(drafts.map(({ type, data }) => [type, (data as Catalogue['JobRejected']).rates?.[0]?.left]))
      .toEqual([['JobRouted', 9], ['JobRejected', 9], ['JobRejected', 9]]);
  });

  test('is nothing where no rate is limited', () => {
    const partition = partitionWith(limitsSet({ budgets: [budget(1_000)], max_concurrent: 5 }));
    given(partition, submitted('a'));
    expect(routedOf(decided(partition))[0]?.data).not.toHaveProperty('rates');
  });
});
