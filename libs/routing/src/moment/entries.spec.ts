import { describe, expect, test } from '@jest/globals';
import { type EventDraft, stamp } from '@libs/events/envelope';
import { partitionOf, subjects } from '@libs/events/subjects';
import { providerConfigured, startMs, submitted } from '../routing-for-specs';
import { foldCommit, newWorld, type World } from '../world';
import { entriesOf, type Projection, projections } from './entries';

const partitions = 4;
const nowMs = startMs + 1_000;
const limitsSet = (level: 'key' | 'customer', id: string, tenant: string): EventDraft => ({
  type: 'LimitsSet', subject: `${level}/${id}`, tenant,
  data: {
    level, id, max_concurrent: null, origin: 'api',
    budgets: [{ limit_pico_usd: '2500000000000', window: 'month', calendar: true, models: [], providers: [] }],
    rate_limits: [{ requests: 9, window: 'minute', models: [] }],
  },
});
const key = (id: string, tenant: string): EventDraft => ({
  type: 'KeyCreated', subject: id, tenant,
  data: {
    key: id, hash: 'the-hash', hint: 'hf-', team: null, name: null, models: [], providers: [],
    visibility: 'key', metadata: {}, expires_at_ms: null, origin: 'api',
  },
});

function world(): World {
  const made = newWorld(partitions);
  let sequence = 0;
  const fold = (subject: string, ...drafts: EventDraft[]): void => {
    sequence += 1;
    const events = drafts.map((draft, line) => stamp(draft, `${sequence}-${line}`, startMs));
    foldCommit(made, { subject, sequence, msgId: String(sequence), appendedAtMs: startMs },
      { settled: [], verdicts: [], cancels: [] }, events);
  };
  fold(subjects.governance, providerConfigured('two'), providerConfigured('one'), key('k2', 'other'), key('k1', 'acme'),
    limitsSet('key', 'k1', 'acme'), limitsSet('customer', 'other', 'other'));
  for (const [id, tenant] of [['job_b', 'acme'], ['job_a', 'other'], ['job_c', 'acme']] as const) {
    fold(subjects.job(partitionOf(tenant, partitions), 'submitted'), submitted(id, {}, tenant));
  }
  return made;
}

const keysOf = (projection: Projection, filter: { tenant?: string; subject?: string } = {}): string[] =>
  entriesOf(world(), projection, { tenant: null, subject: null, ...filter }, nowMs).map((entry) => entry.key);

describe('entries of a moment', () => {
  test('stand in the order of their keys, each once', () => {
    expect(keysOf('health')).toEqual(['one', 'two']);
    expect(keysOf('keys')).toEqual(['k1', 'k2']);
    expect(keysOf('jobs')).toEqual(['job_a', 'job_b', 'job_c']);
    expect(keysOf('routes')).toEqual([]);
    expect(keysOf('budgets')).toEqual([
      'customer/other budget month calendar', 'customer/other requests minute',
      'key/k1 budget month calendar', 'key/k1 requests minute',
    ]);
  });

  test('are those of one customer, or one of them', () => {
    expect(keysOf('jobs', { tenant: 'acme' })).toEqual(['job_b', 'job_c']);
    expect(keysOf('keys', { tenant: 'other' })).toEqual(['k2']);
    expect(keysOf('budgets', { tenant: 'other' })).toHaveLength(2);
    expect(keysOf('budgets', { subject: 'key/k1' })).toHaveLength(2);
    expect(keysOf('jobs', { subject: 'job_c' })).toEqual(['job_c']);
    for (const projection of projections) expect(keysOf(projection, { subject: 'nobody' })).toEqual([]);
  });

  test('of a key never have the hash of its value', () => {
    const [first] = entriesOf(world(), 'keys', { tenant: null, subject: 'k1' }, nowMs);
    expect(first?.value()).toMatchObject({ customer: 'acme', key: 'k1', revoked: false });
    expect(JSON.stringify(first?.value())).not.toContain('hash');
  });

  test('of a budget are its amounts in USD', () => {
    const [first] = entriesOf(world(), 'budgets', { tenant: null, subject: 'key/k1' }, nowMs);
    expect(first?.value()).toMatchObject({ kind: 'budget', limit: '2.5', spent: '0', held: '0' });
  });
});
