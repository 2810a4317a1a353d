// Rules of alerts as the owner of a partition decides them: each once, whatever comes between.
import { describe, expect, test } from '@jest/globals';
import type { AlertData, AlertSettings } from '@libs/events/alert-events';
import type { Catalogue } from '@libs/events/catalogue';
import type { DraftOf, EventDraft } from '@libs/events/envelope';
import { defaultAlerts } from '@libs/governance/alert-settings';
import { dropDecisions } from '../decide-partition';
import { forgetEnded } from '../fold-partition';
import {
  abandoned, attemptFailed, attemptOf, decided, given, governed, ownedPartition, type Partition,
  providerConfigured, routedOf, run, startMs, submitted, succeeded, summary, takenOver,
} from '../routing-for-specs';

const minuteMs = 60_000;
const dayMs = 86_400_000;
type Budget = Catalogue['LimitsSet']['budgets'][number];

const budgetSet = (limit: number, changes: Partial<Budget> = {}): EventDraft => ({
  type: 'LimitsSet', subject: 'key/key_1', tenant: 'acme',
  data: {
    level: 'key', id: 'key_1', rate_limits: [], max_concurrent: null, origin: 'api',
    budgets: [{ limit_pico_usd: String(limit), window: 'day', calendar: true, models: [], providers: [], ...changes }],
  },
});
/** 2 per token of output, so that a request of 50 may cost 100. */
const priced: EventDraft = {
  type: 'PriceSet', subject: 'one/gpt-4o', tenant: 'system',
  data: {
    provider: 'one', model: 'gpt-4o', source: 'api', origin: 'api',
    price: {
      input_per_token: '0', cached_input_per_token: '0', cache_write_per_token: '0',
      output_per_token: '2', per_request: '0',
    },
  },
};
const endpoint = (id: string, changes: Partial<Catalogue['WebhookEndpointCreated']> = {}, tenant = 'acme'): EventDraft => ({
  type: 'WebhookEndpointCreated', subject: id, tenant,
  data: {
    endpoint: id, url: 'https://example.com', generation: 1, description: null, events: [],
    ad_hoc: false, key: null, origin: 'api', ...changes,
  },
});
const settings = (alerts: Partial<AlertSettings>): EventDraft => ({
  type: 'SettingsChanged', subject: 'webhooks', tenant: 'system',
  data: { webhooks_allow_private: false, origin: 'file', alerts: { ...defaultAlerts, ...alerts } },
});
const withBudget = (...governance: EventDraft[]): Partition =>
  ownedPartition(governed(providerConfigured('one'), priced, ...governance));

const usage = { input_tokens: 10, cached_input_tokens: 0, cache_write_tokens: 0, output_tokens: 5, reasoning_tokens: 0 };
function costing(routed: DraftOf<'JobRouted'>, cost: number | null): DraftOf<'JobSucceeded'> {
  const draft = succeeded(routed);
  const attempt = attemptOf(routed, { usage, cost_pico_usd: cost === null ? null : String(cost) });
  return { ...draft, data: { ...draft.data, attempts: [{ ...attempt, attempt_id: `att_${draft.subject}` }] } };
}
let jobs = 0;
/** Runs one job that costs so much; what was raised after it. */
function spend(partition: Partition, cost: number | null): DraftOf<'AlertRaised'>[] {
  const id = `job_${jobs += 1}`;
  given(partition, submitted(id, { deadline_at_ms: partition.nowMs + minuteMs }));
  const drafts = run(partition);
  const end = costing(routedOf(drafts)[0]!, cost);
  // Told twice, as a redelivered commit does.
  given(partition, end, end);
  return [...raised(drafts), ...raised(run(partition))];
}
const raised = (drafts: readonly EventDraft[]): DraftOf<'AlertRaised'>[] =>
  drafts.filter((draft): draft is DraftOf<'AlertRaised'> => draft.type === 'AlertRaised');
const percents = (drafts: readonly DraftOf<'AlertRaised'>[]): unknown[] =>
  drafts.map(({ data }) => data.alert === 'budget_threshold' && data.percent);
const dataOf = (drafts: readonly EventDraft[]): Partial<AlertData>[] =>
  raised(drafts).map(({ data }) => data);

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

describe('who is told', () => {
  const told = (...governance: EventDraft[]): readonly string[] =>
    spend(withBudget(budgetSet(1_000), ...governance), 500)[0]!.data.webhooks;

  test('are endpoints of the customer that ask for the type by name', () => {
    expect(told(
      endpoint('asks', { events: ['job.failed', 'budget.threshold'] }), endpoint('all_jobs'),
      endpoint('other_type', { events: ['key.expiring'] }),
      endpoint('of_one_job', { events: ['budget.threshold'], ad_hoc: true }),
      endpoint('of_another', { events: ['budget.threshold'] }, 'globex'),
    )).toEqual(['asks']);
  });

  test('are those of operators, of every customer', () => {
    const endpoints: AlertSettings['endpoints'] = [
      { endpoint: 'ops', events: ['budget.threshold'] }, { endpoint: 'gone', events: ['budget.threshold'] },
      { endpoint: 'keys', events: ['key.expiring'] },
    ];
    expect(told(
      endpoint('ops', {}, 'system'), endpoint('keys', {}, 'system'), settings({ endpoints }),
    )).toEqual(['ops']);
  });
});

describe('a key that expires', () => {
  const key = (id: string, expiresAtMs: number | null, tenant = 'acme'): EventDraft => ({
    type: 'KeyCreated', subject: id, tenant,
    data: {
      key: id, hash: id, hint: 'hf-', team: null, name: null, models: [], providers: [], visibility: 'key',
      metadata: {}, expires_at_ms: expiresAtMs, origin: 'api',
    },
  });
  const ends = startMs + 30 * dayMs;

  test('is told seven days before and one day before, each once', () => {
    let partition = ownedPartition(governed(key('key_1', ends), key('key_2', null)));
    expect(run(partition)).toEqual([]);
    partition.nowMs = ends - 7 * dayMs - 1;
    expect(run(partition)).toEqual([]);
    partition.nowMs += 1;
    expect(dataOf(run(partition))).toMatchObject([
      { alert: 'key_expiring', key: 'key_1', expires_at_ms: ends, before_ms: 7 * dayMs },
    ]);
    partition = takenOver(partition);
    expect(run(partition)).toEqual([]);
    partition.nowMs = ends - dayMs;
    expect(dataOf(run(partition))).toMatchObject([{ before_ms: dayMs }]);
    partition.nowMs = ends + 1;
    expect(run(takenOver(partition))).toEqual([]);
  });

  test('sooner than all of these is told once', () => {
    const partition = ownedPartition(governed(key('key_1', startMs + minuteMs)));
    expect(dataOf(run(partition))).toMatchObject([{ before_ms: dayMs }]);
    expect(run(takenOver(partition))).toEqual([]);
  });

  test('and is revoked, or is told in another partition, is not told here', () => {
    const revoked: EventDraft = {
      type: 'KeyRevoked', subject: 'key_1', tenant: 'acme', data: { key: 'key_1', reason: '', origin: 'api' },
    };
    const partition = ownedPartition(governed(key('key_1', startMs + minuteMs), revoked));
    expect(run(partition)).toEqual([]);
    const elsewhere = ownedPartition(governed(key('key_1', startMs + minuteMs)));
    Object.assign(elsewhere.state, { partition: 1 });
    expect(run(elsewhere)).toEqual([]);
  });

  test('is told when it is asked for', () => {
    const partition = ownedPartition(governed(key('key_1', ends), settings({ key_expiring_ms: [30 * dayMs] })));
    expect(dataOf(run(partition))).toMatchObject([{ before_ms: 30 * dayMs }]);
  });
});

describe('an unknown price', () => {
  const unpriced = (): Partition => ownedPartition(governed(providerConfigured('one')));

  test('is told once per model and day', () => {
    let partition = unpriced();
    expect(spend(partition, null)).toMatchObject([{
      subject: 'price_unknown/one/gpt-4o/2026-01-01', tenant: 'system',
      data: { provider: 'one', model: 'gpt-4o', day: '2026-01-01' },
    }]);
    expect(spend(partition, null)).toEqual([]);
    partition = takenOver(partition);
    expect(spend(partition, null)).toEqual([]);
    partition.nowMs += dayMs;
    expect(spend(partition, null)).toMatchObject([{ data: { day: '2026-01-02' } }]);
  });

  test('that a request was refused for is told, too', () => {
    const partition = ownedPartition(governed(providerConfigured('one'), budgetSet(1_000)));
    given(partition, submitted('job_a'));
    const drafts = run(partition);
    expect(drafts[0]).toMatchObject({ type: 'JobRejected', data: { reason: 'budget_exceeded' } });
    expect(dataOf(drafts)).toMatchObject([{ alert: 'price_unknown', model: 'gpt-4o' }]);
  });

  test('met when the day ends is told once', () => {
    const partition = unpriced();
    partition.nowMs = startMs + dayMs - 1;
    given(partition, submitted('job_a', { deadline_at_ms: partition.nowMs + minuteMs }));
    given(partition, costing(routedOf(run(partition))[0]!, null));
    partition.nowMs += 10;
    expect(dataOf(run(partition))).toMatchObject([{ day: '2026-01-01' }]);
    expect(run(takenOver(partition))).toEqual([]);
  });
});

describe('a call whose end is unknown', () => {
  const lost = (partition: Partition, id: string): DraftOf<'JobRouted'> => {
    given(partition, submitted(id));
    const routed = routedOf(run(partition)).find(({ subject }) => subject === id)!;
    given(partition, abandoned(routed));
    return routed;
  };
  const priceless = (): Partition => withBudget(budgetSet(100_000));

  test('is told after five minutes, with what it holds', () => {
    const partition = priceless();
    lost(partition, 'job_a');
    expect(raised(run(partition))).toEqual([]);
    partition.nowMs += 5 * minuteMs;
    expect(dataOf(run(partition))).toMatchObject([{
      alert: 'outcome_unknown', job: 'job_a', routing: 1, attempt_id: 'att_1_one_main', provider: 'one', key: 'main',
      since_ms: startMs, hold_pico_usd: '100', others: 0,
    }]);
    expect(raised(run(takenOver(partition)))).toEqual([]);
  });

  test('is not told when it was heard of meanwhile', () => {
    const partition = priceless();
    const routed = lost(partition, 'job_a');
    given(partition, succeeded(routed));
    partition.nowMs += 5 * minuteMs;
    expect(raised(run(partition))).toEqual([]);
  });

  test('is told with others of its customer and provider, every quarter of an hour', () => {
    let partition = priceless();
    for (const id of ['job_a', 'job_b', 'job_c']) lost(partition, id);
    partition.nowMs += 5 * minuteMs;
    const [first] = raised(run(partition));
    expect(first!.data).toMatchObject({ job: 'job_a', others: 2, others_hold_pico_usd: '200' });
    lost(partition, 'job_d');
    partition.nowMs += 14 * minuteMs;
    expect(raised(run(partition))).toEqual([]);
    partition = takenOver(partition);
    expect(raised(run(partition))).toEqual([]);
    partition.nowMs += minuteMs;
    expect(dataOf(run(partition))).toMatchObject([{ job: 'job_d', others: 0 }]);
  });

  test('is told although its job is forgotten, unless somebody heard of it', () => {
    const partition = priceless();
    const again: DraftOf<'JobRouted'>[] = [];
    const all = ['job_a', 'job_b'].map((id) => {
      const routed = lost(partition, id);
      again.push(...routedOf(run(partition)));
      return routed;
    });
    given(partition, ...again.map(succeeded));
    // As with many jobs a second: the end of both is forgotten soon.
    for (const id of partition.state.ended.keys()) {
      partition.state.ended.set(id, { ...partition.state.ended.get(id)!, atMs: startMs - 20 * minuteMs });
    }
    partition.state.oldestEndedMs = startMs - 20 * minuteMs;
    forgetEnded(partition.state, partition.nowMs);
    expect(partition.state.ended.size).toBe(0);
    given(partition, succeeded(all[0]!));
    partition.nowMs += 5 * minuteMs;
    expect(dataOf(run(partition))).toMatchObject([{ job: 'job_b', others: 0 }]);
  });
});

describe('a provider key', () => {
  const refusedOnce = (partition: Partition, id: string): void => {
    given(partition, submitted(id, { deadline_at_ms: partition.nowMs + minuteMs }));
    const [routed] = routedOf(run(partition));
    const failed = attemptFailed(routed!, 'credentials_rejected');
    const attempt = { ...failed.data.attempt, attempt_id: `att_${id}`, started_at_ms: partition.nowMs };
    given(partition, { ...failed, data: { attempt } });
  };

  test('that is out is told once, until it works again', () => {
    let partition = withBudget();
    refusedOnce(partition, 'job_a');
    expect(dataOf(run(partition))).toMatchObject([{
      alert: 'provider_key_disabled', provider: 'one', key: 'main', error: 'credentials_rejected', since_ms: startMs + 10,
    }]);
    partition = takenOver(partition);
    // Tried again when its time is over, and refused again.
    partition.nowMs += 6 * minuteMs;
    refusedOnce(partition, 'job_b');
    expect(raised(run(partition))).toEqual([]);
    partition.nowMs += 6 * minuteMs;
    given(partition, submitted('job_c', { deadline_at_ms: partition.nowMs + minuteMs }));
    const [routed] = routedOf(run(partition));
    const end = succeeded(routed!);
    const attempt = attemptOf(routed!, { attempt_id: 'att_c', started_at_ms: partition.nowMs });
    given(partition, { ...end, data: { ...end.data, attempts: [attempt] } });
    refusedOnce(partition, 'job_d');
    expect(dataOf(run(partition))).toMatchObject([{ since_ms: partition.nowMs + 10 }]);
  });

  test('is told by the owner of partition 0 alone', () => {
    const partition = withBudget();
    Object.assign(partition.state, { partition: 1 });
    refusedOnce(partition, 'job_a');
    expect(raised(run(partition))).toEqual([]);
  });
});

describe('the webhook of an alert', () => {
  const asks = endpoint('whe_1', { events: ['budget.threshold'] });
  const alertedPartition = (): { partition: Partition; due: DraftOf<'WebhookDue'>[] } => {
    const partition = withBudget(budgetSet(1_000), asks);
    given(partition, submitted('job_a'));
    given(partition, costing(routedOf(run(partition))[0]!, 600));
    const due = run(partition).filter((draft): draft is DraftOf<'WebhookDue'> => draft.type === 'WebhookDue');
    return { partition, due };
  };
  const failed = (due: DraftOf<'WebhookDue'>, gone = false): EventDraft => ({
    type: 'WebhookAttemptFailed', subject: due.subject, tenant: due.tenant,
    data: {
      delivery: due.data.delivery, endpoint_id: due.data.endpoint_id, try: due.data.try, duration_ms: 1, status: 500,
      message: '', retry_after_ms: null, gone,
    },
  });

  test('is due at once, as receivers see it', () => {
    const { due } = alertedPartition();
    expect(due).toMatchObject([{
      subject: 'budget_threshold/key/key_1 budget day calendar/1000/2026-01-01T00:00:00.000Z/50', tenant: 'acme',
      data: {
        event_type: 'budget.threshold', endpoint_id: 'whe_1', try: 1, job: {},
        alert: {
          object: 'alert', alert: 'budget_threshold', customer: 'acme', percent: 50, spent_usd: '0.0000000006',
          limit_usd: '0.000000001', window_ends_at: '2026-01-02T00:00:00.000Z',
        },
      },
    }]);
    expect(due[0]!.data.delivery).toMatch(/^msg_019b76da-a800-alert-\d+-0-0$/);
  });

  test('is tried again by the schedule, under the same id, also by whoever takes over', () => {
    const { partition, due: [due] } = alertedPartition();
    given(partition, failed(due!), failed(due!));
    expect(run(partition)).toEqual([]);
    const other = takenOver(partition);
    other.nowMs += 5_100;
    expect(run(other)).toMatchObject([
      { type: 'WebhookDue', data: { try: 2, delivery: due!.data.delivery } },
    ]);
    expect(run(takenOver(other))).toEqual([]);
  });

  test('is handed out again when nothing is heard of it', () => {
    const { partition } = alertedPartition();
    partition.nowMs += 300_100;
    expect(run(partition)).toMatchObject([{ type: 'WebhookDue', data: { try: 2 } }]);
  });

  test('ends when the receiver is gone, and can be asked for again', () => {
    const { partition, due: [due] } = alertedPartition();
    given(partition, failed(due!, true));
    partition.nowMs += dayMs;
    expect(run(partition)).toEqual([]);
    const { delivery, endpoint_id } = due!.data;
    given(partition, {
      type: 'WebhookRedeliverRequested', subject: due!.subject, tenant: 'acme', data: { delivery, endpoint_id },
    });
    expect(run(partition)).toMatchObject([{ type: 'WebhookDue', data: { try: 2, delivery } }]);
    given(partition, {
      type: 'WebhookDelivered', subject: due!.subject, tenant: 'acme',
      data: { delivery, endpoint_id, try: 2, duration_ms: 1, status: 204 },
    });
    expect([...partition.state.alerts.raised.values()][0]!.deliveries).toMatchObject([
      { status: 'delivered', tries: 2, nextAtMs: null },
    ]);
    expect(partition.state.strangers).toBe(0);
  });

  test('whose endpoint is disabled is given up', () => {
    const partition = withBudget(budgetSet(1_000), asks);
    const disabled: EventDraft = {
      type: 'WebhookEndpointChanged', subject: 'whe_1', tenant: 'acme',
      data: { endpoint: 'whe_1', state: 'disabled', origin: 'api' },
    };
    given(partition, submitted('job_a'));
    given(partition, costing(routedOf(run(partition))[0]!, 600));
    given(partition, ...decided(partition));
    partition.governance = withBudget(budgetSet(1_000), asks, disabled).governance;
    expect(run(partition)).toMatchObject([{ type: 'WebhookExhausted', data: { message: 'the endpoint is disabled' } }]);
  });

  test('and the alert itself are forgotten a week later, when the window is over', () => {
    const { partition, due: [due] } = alertedPartition();
    given(partition, failed(due!, true));
    partition.nowMs += 8 * dayMs;
    expect(percents(spend(partition, 600))).toEqual([50]);
    expect([...partition.state.alerts.raised.keys()]).toEqual([
      'budget_threshold/key/key_1 budget day calendar/1000/2026-01-09T00:00:00.000Z/50',
    ]);
    expect(partition.state.alerts.byDelivery.size).toBe(1);
    expect(percents(spend(partition, 10))).toEqual([]);
  });
});
