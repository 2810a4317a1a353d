// Rules of alerts as the owner of a partition decides them: each once, whatever comes between.
import { describe, expect, test } from '@jest/globals';
import type { AlertSettings } from '@libs/events/alert-events';
import type { DraftOf, EventDraft } from '@libs/events/envelope';
import { forgetEnded } from '../fold-partition';
import {
  abandoned, attemptFailed, attemptOf, decided, given, governed, ownedPartition, type Partition,
  providerConfigured, routedOf, run, startMs, submitted, succeeded, takenOver,
} from '../routing-for-specs';
import {
  budgetSet, costing, dataOf, dayMs, endpoint, minuteMs, percents, raised, settings, spend, withBudget,
} from './alerts-for-specs';

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
