import { describe, expect, test } from '@jest/globals';
import type { DraftOf, EventDraft } from '@libs/events/envelope';
import { dropDecisions } from './decide-partition';
import { forgetEnded } from './fold-partition';
import { healthItemsOf, itemsOf, restoreItem, type Restored, type SnapshotItem } from './partition-snapshot';
import { findJob } from './partition-state';
import { newProviderLoad } from './provider-load';
import {
  abandoned, attemptFailed, decided, exhausted, failed, given, governed, ownedPartition,
  providerConfigured, providerKey, routedOf, run, startMs, submitted, succeeded, summary,
} from './routing-for-specs';

function cancel(job: string): DraftOf<'JobCancelRequested'> {
  return { type: 'JobCancelRequested', subject: job, tenant: 'acme', data: { by: 'client', reason: null } };
}

describe('a waiting job', () => {
  test('is routed once; what is decided is not decided again before it is folded', () => {
    const partition = ownedPartition();
    given(partition, submitted('job_1'));
    expect(summary(decided(partition))).toEqual(['JobRouted job_1']);
    expect(decided(partition)).toEqual([]);
  });

  test('whose decision was dropped is decided again, the same way', () => {
    const partition = ownedPartition();
    given(partition, submitted('job_1'));
    const first = decided(partition);
    dropDecisions(partition.state, partition.load);
    expect(decided(partition)).toEqual(first);
    expect([...partition.load.deciding.values()]).toEqual([1, 1]);
    expect(partition.load.decidingJobs).toBe(1);
  });

  test('is not routed while no worker is heard or has room', () => {
    const partition = ownedPartition();
    given(partition, submitted('job_1'), submitted('job_2'));
    partition.workers = 0;
    expect(decided(partition)).toEqual([]);
    partition.workers = 1;
    partition.room = 1;
    expect(decided(partition)).toHaveLength(1);
  });

  test('is routed 32 to a commit, up to 64 while the queue is deep for its workers', () => {
    const deep = ownedPartition();
    given(deep, ...Array.from({ length: 200 }, (_, index) => submitted(`job_${index}`)));
    expect([decided(deep), decided(deep)].map(({ length }) => length)).toEqual([64, 64]);
    const partition = ownedPartition();
    partition.workers = 2;
    given(partition, ...Array.from({ length: 70 }, (_, index) => submitted(`job_${index}`)));
    expect([decided(partition), decided(partition), decided(partition)].map(({ length }) => length))
      .toEqual([32, 32, 6]);
  });

  test('that starts later is deferred until then', () => {
    const partition = ownedPartition();
    given(partition, submitted('job_1', { run_at_ms: startMs + 5_000, mode: 'async' }));
    expect(run(partition)).toMatchObject([{ type: 'JobDeferred', data: { until_ms: startMs + 5_000, reason: 'run_at' } }]);
    partition.nowMs += 4_900;
    expect(run(partition)).toEqual([]);
    partition.nowMs += 200;
    expect(summary(run(partition))).toEqual(['JobRouted job_1']);
  });

  test('expires at its deadline, a running one a minute later', () => {
    const partition = ownedPartition();
    given(partition, submitted('job_1'), submitted('job_2'));
    partition.room = 1;
    given(partition, ...decided(partition));
    partition.room = 0;
    partition.nowMs += 600_100;
    expect(summary(run(partition))).toEqual(['JobExpired job_2']);
    partition.nowMs += 60_000;
    expect(summary(run(partition))).toEqual(['JobExpired job_1']);
  });

  test('is canceled on request, a running one by news for its worker', () => {
    const partition = ownedPartition();
    given(partition, submitted('job_1'));
    given(partition, cancel('job_1'));
    expect(summary(run(partition))).toEqual(['JobCanceled job_1']);
    given(partition, submitted('job_2'));
    const drafts = decided(partition);
    given(partition, cancel('job_2'));
    expect(partition.news.cancels).toHaveLength(0);
    given(partition, ...drafts);
    expect(partition.news.cancels.map(({ id }) => id)).toEqual(['job_2']);
    expect(run(partition)).toEqual([]);
  });
});

describe('after a routing', () => {
  test('that was abandoned the next plan starts elsewhere', () => {
    const partition = ownedPartition();
    given(partition, submitted('job_1'));
    const [first] = routedOf(run(partition));
    given(partition, abandoned(first!));
    const [second] = routedOf(run(partition));
    expect(second!.data.routing).toBe(2);
    expect(second!.data.plan[0]!.provider).not.toBe(first!.data.plan[0]!.provider);
  });

  test('that was exhausted the delay grows, and a retry-after is kept', () => {
    const partition = ownedPartition();
    given(partition, submitted('job_1', { mode: 'async', deadline_at_ms: startMs + 86_400_000 }));
    const delays: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      const [routed] = routedOf(run(partition));
      given(partition, exhausted(routed!, round === 3 ? 100_000 : null));
      const [deferred] = run(partition) as DraftOf<'JobDeferred'>[];
      expect(deferred).toMatchObject({ type: 'JobDeferred', data: { count: round + 1 } });
      delays.push(deferred!.data.until_ms - partition.nowMs);
      partition.nowMs = deferred!.data.until_ms + 100;
    }
    expect(delays[0]).toBeGreaterThanOrEqual(750);
    expect(delays[1]).toBeGreaterThanOrEqual(1_500);
    expect(delays[2]).toBeGreaterThanOrEqual(3_000);
    expect(delays[3]).toBe(100_000);
  });

  test('that was exhausted a waiting caller gets the errors', () => {
    const partition = ownedPartition();
    given(partition, submitted('job_1'));
    const [routed] = routedOf(run(partition));
    given(partition, exhausted(routed!, 7_000));
    expect(run(partition)).toMatchObject([{
      type: 'JobRejected', data: { reason: 'all_candidates_failed', status: 503, retry_after_s: 7 },
    }]);
  });

  test('that was abandoned too often the job is a dead letter', () => {
    const partition = ownedPartition();
    given(partition, submitted('job_1'));
    for (let round = 0; round < 6; round += 1) given(partition, abandoned(routedOf(run(partition))[0]!));
    expect(run(partition)).toMatchObject([{ type: 'JobRejected', data: { reason: 'dead_letter' } }]);
  });

  test('a stream whose content was sent is not run again', () => {
    const partition = ownedPartition();
    given(partition, submitted('job_1', { mode: 'stream' }));
    given(partition, abandoned(routedOf(run(partition))[0]!, true));
    expect(run(partition)).toMatchObject([{ type: 'JobRejected', data: { reason: 'all_candidates_failed' } }]);
  });
});

describe('provider keys', () => {
  test('take no more than their max_in_flight, and the next when one is freed', () => {
    const governance = governed(providerConfigured('one', { keys: [providerKey('main', { max_in_flight: 2 })] }));
    const partition = ownedPartition(governance);
    given(partition, submitted('job_1'), submitted('job_2'), submitted('job_3'));
    const routed = routedOf(run(partition));
    expect(routed).toHaveLength(2);
    expect(run(partition)).toEqual([]);
    given(partition, succeeded(routed[0]!));
    expect(summary(run(partition))).toEqual(['JobRouted job_3']);
  });

  test('take more as soon as they are given more, though nothing else happens', () => {
    const atMost = (most: number) =>
      providerConfigured('one', { keys: [providerKey('main', { max_in_flight: most })] });
    const partition = ownedPartition(governed(atMost(1)));
    given(partition, submitted('job_1'), submitted('job_2'), submitted('job_3'));
    expect(run(partition)).toHaveLength(1);
    expect(run(partition)).toEqual([]);
    partition.governance = governed(atMost(1), atMost(2));
    expect(summary(run(partition))).toEqual(['JobRouted job_2']);
  });

  test('a full key holds up only the jobs that need it', () => {
    const governance = governed(
      providerConfigured('one', { models: ['a'], keys: [providerKey('main', { max_in_flight: 1 })] }),
      providerConfigured('two', { models: ['b'] }),
    );
    const partition = ownedPartition(governance);
    given(partition, submitted('job_1', { model: 'a' }), submitted('job_2', { model: 'a' }), submitted('job_3', { model: 'b' }));
    expect(summary(run(partition))).toEqual(['JobRouted job_1', 'JobRouted job_3']);
  });

  test('cool down after a 429 until the time it named, only ever extended', () => {
    const governance = governed(providerConfigured('one'));
    const partition = ownedPartition(governance);
    given(partition, submitted('job_1', { deadline_at_ms: startMs + 10_000_000, mode: 'async' }));
    const [routed] = routedOf(run(partition));
    given(partition, attemptFailed(routed!, 'rate_limited', 30_000));
    given(partition, attemptFailed(routed!, 'rate_limited', 1_000));
    expect(partition.load.keys.get('one/main')?.closed).toEqual({ sinceMs: startMs + 10, untilMs: startMs + 30_010, why: 'rate_limited' });
    given(partition, submitted('job_2', { mode: 'async' }));
    expect(run(partition)).toMatchObject([{ type: 'JobDeferred', subject: 'job_2', data: { until_ms: startMs + 30_010 } }]);
    partition.nowMs = startMs + 30_200;
    expect(summary(run(partition))).toEqual(['JobRouted job_2']);
  });

  test('a job moves along its plan: the failed key is freed, the next one is busy', () => {
    const partition = ownedPartition();
    given(partition, submitted('job_1'));
    const [routed] = routedOf(run(partition));
    const names = routed!.data.plan.map(({ provider, key }) => `${provider}/${key}`);
    expect([...partition.load.busyKeys.keys()]).toEqual([names[0]]);
    given(partition, attemptFailed(routed!, 'server_error'));
    expect([...partition.load.busyKeys.keys()]).toEqual([names[1]]);
    given(partition, succeeded(routed!));
    expect(partition.load.busyKeys.size).toBe(0);
  });
});

describe('fairness', () => {
  test('interactive jobs come before normal ones, those before batch', () => {
    const partition = ownedPartition();
    given(partition, submitted('job_1', { priority: 'batch' }), submitted('job_2', { priority: 'normal' }), submitted('job_3'));
    expect(summary(run(partition))).toEqual(['JobRouted job_3', 'JobRouted job_2', 'JobRouted job_1']);
  });

  test('a tenant with a long queue does not hold up another; weights decide the shares', () => {
    const governance = governed(
      providerConfigured('one'),
      { type: 'CustomerSet', subject: 'big', tenant: 'big', data: { customer: 'big', name: null, weight: 3, origin: 'api' } },
    );
    const partition = ownedPartition(governance);
    given(partition, ...Array.from({ length: 100 }, (_, index) => submitted(`job_b${index}`, {}, 'big')));
    given(partition, ...Array.from({ length: 100 }, (_, index) => submitted(`job_s${index}`, {}, 'small')));
    const first = decided(partition);
    const big = first.filter(({ tenant }) => tenant === 'big').length;
    expect(big / first.length).toBeGreaterThan(0.7);
    expect(big / first.length).toBeLessThan(0.8);
  });
});

describe('idempotency', () => {
  const keyed = (id: string, body = 'same'): EventDraft =>
    submitted(id, { idempotency: { key: 'k', body_sha256: body } });

  test('the first in log order holds the key; the same body is a duplicate, another a mismatch', () => {
    const partition = ownedPartition();
    given(partition, keyed('job_1'), keyed('job_2'), keyed('job_3', 'other'));
    expect(summary(run(partition)).sort()).toEqual(['JobDeduplicated job_2', 'JobRejected job_3', 'JobRouted job_1']);
    expect(partition.news.verdicts.map(({ job, verdict }) => [job.id, verdict.kind])).toEqual([
      ['job_1', 'accepted'], ['job_2', 'duplicate'], ['job_3', 'mismatch'],
    ]);
  });

  test('success and the client’s own errors keep the key, another end frees it', () => {
    for (const [end, kept] of [['ok', true], ['invalid_request', true], ['server_error', false]] as const) {
      const partition = ownedPartition();
      given(partition, keyed('job_1'));
      const [routed] = routedOf(run(partition));
      given(partition, end === 'ok' ? succeeded(routed!) : failed(routed!, end));
      given(partition, keyed('job_2'));
      expect(summary(run(partition))).toEqual([kept ? 'JobDeduplicated job_2' : 'JobRouted job_2']);
    }
  });

  test('after 24 hours the key is free', () => {
    const partition = ownedPartition();
    given(partition, keyed('job_1'));
    given(partition, succeeded(routedOf(run(partition))[0]!));
    partition.nowMs += 24 * 3_600_000 + 1;
    given(partition, submitted('job_2', {
      idempotency: { key: 'k', body_sha256: 'same' }, deadline_at_ms: partition.nowMs + 1_000,
    }));
    expect(summary(run(partition))).toEqual(['JobRouted job_2']);
  });
});

describe('webhooks', () => {
  const endpoint = (id: string): EventDraft => ({
    type: 'WebhookEndpointCreated', subject: id, tenant: 'acme',
    data: {
      endpoint: id, url: 'https://example.com', generation: 1, description: null, events: [],
      ad_hoc: false, key: null, origin: 'api',
    },
  });
  const governance = governed(providerConfigured('one'), endpoint('dead'), endpoint('alive'));

  function settledWith(partition: ReturnType<typeof ownedPartition>, id: string, endpointId: string): EventDraft[] {
    given(partition, submitted(id, { webhook: { endpoint_id: endpointId }, mode: 'async' }));
    given(partition, succeeded(routedOf(run(partition))[0]!));
    return run(partition);
  }

  test('one is due when the job has settled, and due again by its schedule', () => {
    const partition = ownedPartition(governance);
    const [due] = settledWith(partition, 'job_1', 'alive') as DraftOf<'WebhookDue'>[];
    expect(due).toMatchObject({ type: 'WebhookDue', data: { try: 1, delivery: 'msg_1', event_type: 'job.succeeded' } });
    given(partition, {
      type: 'WebhookAttemptFailed', subject: 'job_1', tenant: 'acme',
      data: { delivery: 'msg_1', endpoint_id: 'alive', try: 1, duration_ms: 1, status: 500, message: '', retry_after_ms: null, gone: false },
    });
    expect(run(partition)).toEqual([]);
    partition.nowMs += 5_100;
    expect(run(partition)).toMatchObject([{ type: 'WebhookDue', data: { try: 2, delivery: 'msg_1' } }]);
  });

  test('a dead receiver has four tries under way and delays no other', () => {
    const partition = ownedPartition(governance);
    const due = Array.from({ length: 6 }, (_, index) => settledWith(partition, `job_d${index}`, 'dead')).flat();
    expect(due).toHaveLength(4);
    expect(settledWith(partition, 'job_a', 'alive')).toHaveLength(1);
  });

  test('one whose endpoint is not there is given up', () => {
    const partition = ownedPartition(governance);
    expect(settledWith(partition, 'job_1', 'nowhere')).toMatchObject([{ type: 'WebhookExhausted' }]);
    expect(run(partition)).toEqual([]);
    expect(partition.state.jobs.size).toBe(0);
  });
});

describe('memory', () => {
  test('an ended job is known for 15 minutes, with its late outcomes', () => {
    const partition = ownedPartition();
    given(partition, submitted('job_1'));
    const [routed] = routedOf(run(partition));
    given(partition, succeeded(routed!));
    given(partition, failed(routed!, 'server_error'));
    expect(findJob(partition.state, 'job_1')).toMatchObject({ status: 'succeeded', lateOutcomes: 1 });
    expect(partition.state.lateOutcomes).toBe(1);
    forgetEnded(partition.state, startMs + 14 * 60_000);
    expect(findJob(partition.state, 'job_1')).toBeDefined();
    forgetEnded(partition.state, startMs + 16 * 60_000);
    expect(findJob(partition.state, 'job_1')).toBeUndefined();
    given(partition, failed(routed!, 'server_error'));
    expect(partition.state.strangers).toBe(1);
  });

  test('a snapshot gives the state again, through JSON', () => {
    const partition = ownedPartition();
    given(partition, submitted('job_1'), submitted('job_2', { idempotency: { key: 'k', body_sha256: 'x' } }), submitted('job_3', { mode: 'async' }));
    const routed = routedOf(run(partition));
    given(partition, succeeded(routed[0]!), exhausted(routed[2]!));
    given(partition, submitted('job_4'));
    const items = [...itemsOf(partition.state), ...healthItemsOf(partition.load)];
    const restored: Restored = { partitions: new Map(), load: newProviderLoad() };
    for (const item of items) restoreItem(restored, JSON.parse(JSON.stringify(item)) as SnapshotItem);
    expect(restored.partitions.get(0)).toEqual({ ...partition.state, work: null });
    expect(restored.load.busyKeys).toEqual(partition.load.busyKeys);
    expect(restored.load.slots).toEqual(partition.load.slots);
    expect(restored.load.busyTargets).toEqual(partition.load.busyTargets);
    expect(restored.load.targets).toEqual(partition.load.targets);
    expect(restored.load.targets.size).toBeGreaterThan(0);
  });
});
