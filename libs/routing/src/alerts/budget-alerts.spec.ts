// Thresholds of budgets: each told once in its window, whatever comes between.
import { describe, expect, test } from '@jest/globals';
import { dropDecisions } from '../decide-partition';
import {
  decided, given, governed, providerConfigured, routedOf, run, startMs, submitted, summary, takenOver,
} from '../routing-for-specs';
import {
  budgetSet, costing, dataOf, dayMs, minuteMs, percents, priced, raised, spend, withBudget,
} from './alerts-for-specs';

describe('a threshold of a budget', () => {
  test('is raised once, when more than that is spent', () => {
    const partition = withBudget(budgetSet(1_000));
    expect(percents(spend(partition, 499))).toEqual([]);
    const [half] = spend(partition, 1);
    expect(half).toMatchObject({
      subject: 'budget_threshold/key/key_1 budget day calendar/1000/2026-01-01T00:00:00.000Z/50', tenant: 'acme',
      data: { percent: 50, spent: '500', held: '0', limit: '1000', window_ends_at_ms: startMs + dayMs, webhooks: [] },
    });
    expect(percents(spend(partition, 100))).toEqual([]);
    expect(percents(spend(partition, 299))).toEqual([80]);
    expect(percents(spend(partition, 50))).toEqual([]);
  });

  test('is passed with others at once, and each is raised', () => {
    expect(percents(spend(withBudget(budgetSet(1_000)), 1_001))).toEqual([50, 80, 100]);
  });

  test('is raised again in the next window, not in this one', () => {
    const partition = withBudget(budgetSet(1_000));
    expect(percents(spend(partition, 600))).toEqual([50]);
    partition.nowMs += dayMs - 1;
    expect(percents(spend(partition, 10))).toEqual([]);
    partition.nowMs += 1;
    expect(percents(spend(partition, 499))).toEqual([]);
    expect(percents(spend(partition, 1))).toEqual([50]);
  });

  test('of a rolling window is raised again one length later at the earliest', () => {
    const partition = withBudget(budgetSet(1_000, { window: 'hour', calendar: false }));
    expect(percents(spend(partition, 600))).toEqual([50]);
    partition.nowMs += 30 * minuteMs;
    expect(percents(spend(partition, 100))).toEqual([]);
    partition.nowMs += 31 * minuteMs;
    // What came first has left the window: 400 are in it.
    expect(percents(spend(partition, 300))).toEqual([]);
    const again = spend(partition, 200);
    expect(percents(again)).toEqual([50]);
    expect(again[0]!.data).toMatchObject({ spent: '600', window_ends_at_ms: null });
  });

  test('of a budget for ever is raised once', () => {
    const partition = withBudget(budgetSet(1_000, { window: 'total', calendar: false }));
    expect(percents(spend(partition, 600))).toEqual([50]);
    partition.nowMs += 400 * dayMs;
    expect(percents(spend(takenOver(partition), 1))).toEqual([]);
  });

  test('is raised anew for another amount', () => {
    const partition = withBudget(budgetSet(1_000));
    expect(percents(spend(partition, 900))).toEqual([50, 80]);
    partition.governance = withBudget(budgetSet(1_800)).governance;
    expect(percents(spend(partition, 1))).toEqual([50]);
  });

  test('is where the budget says, or nowhere', () => {
    expect(percents(spend(withBudget(budgetSet(1_000, { alert_at: [10, 95] })), 200))).toEqual([10]);
    expect(percents(spend(withBudget(budgetSet(1_000, { alert_at: [] })), 2_000))).toEqual([]);
  });

  test('is not raised again by whoever takes over, nor lost with what was not appended', () => {
    const partition = withBudget(budgetSet(1_000));
    spend(partition, 600);
    given(partition, submitted('job_x'));
    given(partition, costing(routedOf(run(partition))[0]!, 250));
    const first = decided(partition);
    expect(percents(raised(first))).toEqual([80]);
    expect(raised(decided(partition))).toEqual([]);
    dropDecisions(partition.state, partition.load);
    expect(raised(decided(partition))).toEqual(raised(first));
    const other = takenOver(partition);
    expect(raised(decided(other))).toEqual(raised(first));
    given(other, ...first, ...first);
    expect(other.state.alerts.raised.size).toBe(2);
    expect(raised(run(takenOver(other)))).toEqual([]);
  });

  test('of all is raised when a budget refuses what would fit into a new window', () => {
    const partition = withBudget(budgetSet(1_000));
    expect(percents(spend(partition, 950))).toEqual([50, 80]);
    given(partition, submitted('big', { max_output_tokens: 5_000 }));
    expect(summary(run(partition))).toEqual(['JobRejected big']);
    given(partition, submitted('job_y'));
    const drafts = run(partition);
    expect(drafts[0]).toMatchObject({ type: 'JobRejected' });
    expect(dataOf(drafts)).toMatchObject([{ percent: 100, spent: '950', refused: true }]);
    given(partition, submitted('job_z'));
    expect(raised(run(partition))).toEqual([]);
    expect(raised(run(takenOver(partition)))).toEqual([]);
  });

  test('that refused in the window before is not raised in this one', () => {
    const partition = withBudget(budgetSet(1_000));
    spend(partition, 950);
    given(partition, submitted('job_y'));
    run(partition);
    partition.nowMs += dayMs;
    expect(percents(spend(takenOver(partition), 10))).toEqual([]);
  });
});

describe('a soft budget', () => {
  test('refuses nothing, whatever is spent, and tells it', () => {
    const partition = withBudget(budgetSet(1_000, { soft: true, alert_at: [100, 150] }));
    expect(percents(spend(partition, 1_200))).toEqual([100]);
    expect(percents(spend(partition, 300))).toEqual([150]);
    expect(partition.state.alerts.raised.size).toBe(2);
  });
});

describe('a budget that is not what it was', () => {
  const untilMs = startMs + 60 * minuteMs;
  const bounded = (limit: number) => budgetSet(limit, {
    window: 'total', calendar: false, raise: { add_pico_usd: '1000', until_ms: untilMs },
  });

  test('is looked at when its raise ends, once', () => {
    const partition = withBudget(bounded(1_000));
    expect(percents(spend(partition, 900))).toEqual([]);
    partition.nowMs = untilMs - 1;
    expect(raised(run(partition))).toEqual([]);
    partition.nowMs = untilMs;
    expect(percents(raised(run(partition)))).toEqual([50, 80]);
    partition.nowMs += dayMs;
    expect(raised(run(partition))).toEqual([]);
  });

  test('is looked at by whoever takes over after the end', () => {
    const partition = withBudget(bounded(1_000));
    spend(partition, 900);
    partition.nowMs = untilMs + dayMs;
    const other = takenOver(partition);
    expect(percents(raised(run(other)))).toEqual([50, 80]);
    expect(raised(run(takenOver(other)))).toEqual([]);
  });

  test('is looked at when its limit is lowered below what was spent', () => {
    const partition = withBudget(bounded(1_000));
    expect(percents(spend(partition, 900))).toEqual([]);
    partition.governance = governed(providerConfigured('one'), priced, bounded(1_000), bounded(200));
    expect(percents(raised(run(partition)))).toEqual([50]);
  });
});
