// Rules of access where the router keeps them: what is suspended waits or is refused, what is denied is
// not called, and when a key was used is known.
import { describe, expect, test } from '@jest/globals';
import { type EventDraft, stamp } from '@libs/events/envelope';
import { evolveGovernance } from '@libs/governance/evolve';
import { keyUses } from './key-uses';
import {
  abandoned, decided, given, governed, ownedPartition, type Partition, providerConfigured, routedOf, run,
  startMs, submitted, succeeded, summary,
} from './routing-for-specs';

const suspended: EventDraft = {
  type: 'AccessSuspended', subject: 'team/search', tenant: 'acme',
  data: { level: 'team', id: 'search', reason: 'unpaid', origin: 'api' },
};
const resumed: EventDraft = {
  type: 'AccessResumed', subject: 'team/search', tenant: 'acme',
  data: { level: 'team', id: 'search', origin: 'api' },
};
const acme = (rules: object): EventDraft => ({
  type: 'CustomerSet', subject: 'acme', tenant: 'acme',
  data: { customer: 'acme', name: null, weight: 1, origin: 'api', ...rules },
});

function govern(partition: Partition, ...drafts: readonly EventDraft[]): void {
  for (const draft of drafts) {
    const sequence = partition.governance.sequence + 1;
    partition.governance = evolveGovernance(partition.governance, stamp(draft, 'g', startMs), sequence);
  }
}

describe('jobs that were queued when their team was suspended', () => {
  const async = { mode: 'async', priority: 'normal', team: 'search', deadline_at_ms: startMs + 86_400_000 } as const;

  test('wait, without a word in the log, and go on when it is resumed', () => {
    const partition = ownedPartition();
    given(partition, submitted('job_1', async), submitted('job_2', async), submitted('job_3', { ...async, team: 'other', key: 'key_2' }));
    govern(partition, suspended);
    expect(summary(run(partition))).toEqual(['JobRouted job_3']);
    partition.nowMs += 3_600_000;
    expect(run(partition)).toEqual([]);
    govern(partition, resumed);
    expect(summary(run(partition))).toEqual(['JobRouted job_1', 'JobRouted job_2']);
  });

  test('expire at their deadline and can be canceled, as all that waits', () => {
    const partition = ownedPartition();
    govern(partition, suspended);
    given(partition, submitted('job_1', async), submitted('job_2', async));
    run(partition);
    given(partition, { type: 'JobCancelRequested', subject: 'job_1', tenant: 'acme', data: { by: 'client', reason: null } });
    expect(summary(run(partition))).toEqual(['JobCanceled job_1']);
    partition.nowMs += 86_400_001;
    expect(summary(run(partition))).toEqual(['JobExpired job_2']);
  });

  test('are refused where somebody waits for the answer', () => {
    const partition = ownedPartition();
    govern(partition, suspended);
    given(partition, submitted('job_1', { team: 'search' }));
    expect(run(partition)).toMatchObject([{
      type: 'JobRejected', data: { reason: 'not_allowed', status: 403, message: 'team search is suspended: unpaid' },
    }]);
  });

  test('are not called again when their call was lost meanwhile; one that runs may end', () => {
    const partition = ownedPartition();
    given(partition, submitted('job_1', async), submitted('job_2', async));
    const [one, two] = routedOf(run(partition));
    govern(partition, suspended);
    given(partition, abandoned(one!), succeeded(two!));
    expect(run(partition)).toEqual([]);
    expect(partition.state.jobs.get(one!.subject)?.phase).toBe('waiting');
    govern(partition, resumed);
    expect(summary(run(partition))).toEqual([`JobRouted ${one!.subject}`]);
  });
});

describe('what a customer denies', () => {
  test('is passed over in every plan, with whose rule it is', () => {
    const partition = ownedPartition();
    govern(partition, acme({ denied_providers: ['one'] }));
    given(partition, submitted('job_1'));
    const [routed] = routedOf(run(partition));
    expect(routed!.data.plan.map(({ provider }) => provider)).toEqual(['two']);
    expect(routed!.data.reasons).toContainEqual(expect.objectContaining({
      provider: 'one', verdict: 'passed_over', reason: 'customer acme denies one',
    }));
  });

  test('is not called under a route’s name, nor as another provider’s default model', () => {
    const partition = ownedPartition(governed(
      providerConfigured('one', { models: ['small'] }), providerConfigured('two', { models: ['big'], default_model: 'big' }),
    ));
    govern(partition, acme({ denied_models: ['big'] }));
    given(partition, submitted('job_1', { model: 'small' }));
    expect(routedOf(run(partition))[0]!.data.plan.map(({ model }) => model)).toEqual(['small']);
  });

  test('leaves nothing to call: 403, with what denies it', () => {
    const partition = ownedPartition();
    govern(partition, acme({ denied_models: ['gpt-*'] }));
    given(partition, submitted('job_1'));
    expect(run(partition)).toMatchObject([{ data: {
      reason: 'not_allowed', status: 403,
      message: expect.stringContaining('customer acme denies gpt-*') as unknown,
    } }]);
  });

  test('holds for a team’s jobs alone where the team denies it', () => {
    const partition = ownedPartition();
    govern(partition, {
      type: 'TeamSet', subject: 'search', tenant: 'acme',
      data: { team: 'search', customer: 'acme', name: null, denied_providers: ['one'], origin: 'api' },
    });
    given(partition, submitted('job_1', { team: 'search' }), submitted('job_2'));
    const plans = new Map(routedOf(decided(partition)).map(({ subject, data }) => [subject, data.plan.length]));
    expect([plans.get('job_1'), plans.get('job_2')]).toEqual([1, 2]);
  });
});

describe('when a key was used', () => {
  test('is known to the second, with the models that were routed and the jobs under way', () => {
    const partition = ownedPartition();
    given(partition, submitted('job_1', { model: 'gpt-4o' }));
    const [first] = routedOf(run(partition));
    partition.nowMs += 999;
    given(partition, submitted('job_2', { model: 'no/such', key: 'key_2' }), submitted('job_3'));
    const [third] = routedOf(run(partition));
    expect(keyUses(partition.state, ['key_1', 'key_2', 'key_3'])).toEqual([
      { key: 'key_1', atMs: startMs, models: [{ model: 'gpt-4o', atMs: startMs }], open_jobs: 2 },
      { key: 'key_2', atMs: startMs + 999, models: [], open_jobs: 0 },
    ]);
    partition.nowMs += 1;
    given(partition, succeeded(first!), succeeded(third!), submitted('job_4'));
    expect(keyUses(partition.state, ['key_1'])).toMatchObject([{ atMs: startMs + 1_000, open_jobs: 1 }]);
  });

  test('names that a client makes up do not fill the memory', () => {
    const partition = ownedPartition(governed(providerConfigured('one', { models: ['*'] })));
    for (let index = 0; index < 30; index += 1) {
      partition.nowMs += 1_000;
      given(partition, submitted(`job_${index}`, { model: `made-up-${index}` }));
      run(partition);
    }
    const [use] = keyUses(partition.state, ['key_1']);
    expect(use!.models).toHaveLength(20);
    expect(use!.models[0]!.model).toBe('made-up-29');
  });
});
