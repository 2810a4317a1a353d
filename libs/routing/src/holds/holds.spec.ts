// Rules of holds whose call's end nobody learned, as one partition decides and remembers them.
import { describe, expect, test } from '@jest/globals';
import type { Catalogue } from '@libs/events/catalogue';
import { defaultAlerts } from '@libs/governance/alert-settings';
import type { DraftOf, EventDraft } from '@libs/events/envelope';
import { decideAgain } from '../decide-again';
import { dropDecisions } from '../decide-partition';
import { forgetEnded } from '../fold-partition';
import { sumOf } from '../ledger/ledger';
import { itemsOf, restoreItem, type SnapshotItem } from '../partition-snapshot';
import { newProviderLoad } from '../provider-load';
import {
  abandoned, attemptOf, decided, given, governed, ownedPartition, type Partition, providerConfigured,
  routedOf, run, startMs, submitted, succeeded, summary,
} from '../routing-for-specs';
import { newWorld } from '../world';
import { holdsPage } from './holds-view';

const hourMs = 3_600_000;
const account = 'key/key_1 budget total';

function partitionWith(writeOffAfterS: number | null | undefined): Partition {
  return ownedPartition(governed(
    providerConfigured('one'),
    {
      type: 'PriceSet', subject: '', tenant: 'system',
      data: {
        provider: 'one', model: 'gpt-4o', source: '', origin: 'api',
        price: { input_per_token: '0', cached_input_per_token: '0', cache_write_per_token: '0', output_per_token: '2', per_request: '0' },
      },
    },
    {
      type: 'LimitsSet', subject: 'key/key_1', tenant: 'acme',
      data: {
        level: 'key', id: 'key_1', rate_limits: [], max_concurrent: null, origin: 'api',
        budgets: [{ limit_pico_usd: '10000', window: 'total', calendar: false, models: [], providers: [] }],
      },
    },
    {
      type: 'SettingsChanged', subject: '', tenant: 'system',
      data: {
        webhooks_allow_private: false, origin: 'file',
        ...(writeOffAfterS === undefined ? {} : { write_off_after_s: writeOffAfterS }),
        // Alerts have rules of their own.
        alerts: { ...defaultAlerts, outcome_unknown_after_ms: Number.MAX_SAFE_INTEGER },
      },
    },
  ));
}

/** A job whose worker died: its call has no name, and the job expired. */
function lost(partition: Partition, id = 'a'): DraftOf<'JobRouted'> {
  given(partition, submitted(id, { deadline_at_ms: partition.nowMs + 1_000 }));
  const [routed] = routedOf(run(partition));
  const { subject, tenant } = routed!;
  given(partition, {
    type: 'AttemptAbandoned', subject, tenant,
    data: { routing: 1, attempt: null, reason: 'redelivered', content_sent: false },
  });
  partition.nowMs += 1_000;
  run(partition);
  return routed!;
}

const money = (partition: Partition): string => {
  const { spent, held } = sumOf(partition.state.ledger, account, partition.nowMs);
  return `${spent} spent, ${held} held`;
};
const heard = (routed: DraftOf<'JobRouted'>, cost: string): EventDraft => {
  const draft = succeeded(routed);
  return { ...draft, data: { ...draft.data, attempts: [attemptOf(routed, { cost_pico_usd: cost })] } };
};
const request = (job: string, what: Partial<Catalogue['HoldReconcileRequested']>): EventDraft => ({
  type: 'HoldReconcileRequested', subject: job, tenant: 'acme',
  data: { attempt_id: 'unknown:1', action: 'settle', actor: 'admin', reason: 'bill', ...what },
});
const lastVerdict = ({ state }: Partition): unknown => [...state.holds.verdicts.values()].at(-1);

describe('the policy', () => {
  test('gives a hold up when its end was unknown for so long, also of a job that left the memory', () => {
    const partition = partitionWith(3_600);
    const routed = lost(partition);
    partition.nowMs = startMs + 1_800_000;
    forgetEnded(partition.state, partition.nowMs);
    expect([partition.state.ended.size, partition.state.kept.size]).toEqual([0, 1]);
    expect(run(partition)).toEqual([]);
    partition.nowMs = startMs + hourMs - 1;
    expect(run(partition)).toEqual([]);
    partition.nowMs = startMs + hourMs;
    const [draft, ...others] = run(partition);
    expect(others).toEqual([]);
    expect(draft).toMatchObject({
      type: 'HoldWrittenOff', subject: 'a',
      data: { routing: 1, reason: 'policy', attempt_id: null, amount_pico_usd: '100', now_ms: partition.nowMs },
    });
    expect(money(partition)).toBe('0 spent, 0 held');
    given(partition, heard(routed, '42'), heard(routed, '42'));
    expect(money(partition)).toBe('42 spent, 0 held');
  });

  test('is a day where nothing is said, and may be never', () => {
    const partition = partitionWith(undefined);
    lost(partition);
    partition.nowMs = startMs + 24 * hourMs - 1;
    expect(run(partition)).toEqual([]);
    partition.nowMs += 1;
    expect(summary(run(partition))).toEqual(['HoldWrittenOff a']);
    const never = partitionWith(null);
    lost(never);
    never.nowMs += 1_000 * 24 * hourMs;
    expect(run(never)).toEqual([]);
  });

  test('holds for what is open when it changes', () => {
    const partition = partitionWith(null);
    lost(partition);
    partition.nowMs += hourMs;
    partition.governance = partitionWith(60).governance;
    expect(summary(run(partition))).toEqual(['HoldWrittenOff a']);
  });

  test('needs no worker, and takes no more than a part of a commit', () => {
    const partition = partitionWith(60);
    for (let index = 0; index < 40; index += 1) lost(partition, `job_${index}`);
    partition.nowMs += hourMs;
    partition.workers = 0;
    expect(decided(partition)).toHaveLength(32);
    // Nothing twice while these are on their way; all again when they did not get there.
    expect(decided(partition)).toHaveLength(8);
    dropDecisions(partition.state, partition.load);
    run(partition);
    expect(partition.state.holds.open.size).toBe(0);
    expect(money(partition)).toBe('0 spent, 0 held');
  });

  test('does not give up what is heard of', () => {
    const partition = partitionWith(60);
    given(partition, heard(lost(partition), '42'));
    partition.nowMs += hourMs;
    expect(run(partition)).toEqual([]);
    expect(partition.state.holds.openOf.size).toBe(0);
  });
});

describe('a request of an operator', () => {
  test('books the bill once, and says what became of it', () => {
    const partition = partitionWith(null);
    lost(partition);
    given(partition, request('a', { cost_pico_usd: '33' }), request('a', { cost_pico_usd: '44' }));
    expect(summary(run(partition))).toEqual(['HoldReconciled a']);
    expect(money(partition)).toBe('33 spent, 0 held');
    expect([...partition.state.holds.verdicts.values()]).toEqual([
      { kind: 'settled', releasedPicoUsd: '100', costPicoUsd: '33' }, { kind: 'refused', reason: 'hold_closed' },
    ]);
    expect(partition.state.holds.requests.size).toBe(0);
  });

  test('is refused where it stands in the log, if there is no such hold', () => {
    const partition = partitionWith(null);
    given(partition, request('none', { action: 'write_off' }));
    expect(lastVerdict(partition)).toEqual({ kind: 'refused', reason: 'no_such_job' });
    given(partition, heard(lost(partition), '42'), request('a', { action: 'write_off' }));
    expect(lastVerdict(partition)).toEqual({ kind: 'refused', reason: 'hold_closed' });
    expect(run(partition)).toEqual([]);
  });

  test('gives way to a word of the call that comes before its answer', () => {
    const partition = partitionWith(null);
    const routed = lost(partition);
    given(partition, request('a', { cost_pico_usd: '33' }));
    const drafts = decided(partition);
    given(partition, heard(routed, '42'));
    given(partition, ...drafts);
    expect(money(partition)).toBe('42 spent, 0 held');
    expect(lastVerdict(partition)).toEqual({ kind: 'refused', reason: 'hold_closed' });
    expect(run(partition)).toEqual([]);
  });

  test('is answered by the next owner when this one dies, from a snapshot too', () => {
    const partition = partitionWith(null);
    lost(partition);
    given(partition, request('a', { action: 'write_off' }));
    const restored = { partitions: new Map(), load: newProviderLoad() };
    forgetEnded(partition.state, partition.nowMs + hourMs);
    for (const item of itemsOf(partition.state)) restoreItem(restored, JSON.parse(JSON.stringify(item)) as SnapshotItem);
    const state = restored.partitions.get(0) as Partition['state'];
    expect([state.holds, state.kept]).toEqual([partition.state.holds, partition.state.kept]);
    state.work = partition.state.work;
    const next = { ...partition, state };
    expect(summary(run(next))).toEqual(['HoldWrittenOff a']);
    expect(money(next)).toBe('0 spent, 0 held');
  });
});

test('a named call is listed with who asked, what is held and when it is given up', () => {
  const partition = partitionWith(60);
  given(partition, submitted('a', { team: 'search' }));
  const [routed] = routedOf(run(partition));
  given(partition, abandoned(routed!), submitted('b'));
  given(partition, abandoned(routedOf(run(partition)).find(({ subject }) => subject === 'b')!));
  const page = holdsPage(partition.state, partition.governance, { after: null, most: 1 });
  expect(page.data).toEqual([{
    job: 'a', attempt: 'att_1_one_main', routing: 1, provider: 'one', provider_key: 'main', model: 'gpt-4o',
    asked: 'gpt-4o', key: 'key_1', team: 'search', customer: 'acme', job_status: expect.any(String),
    held_usd: '0.0000000001', since: '2026-01-01T00:00:00.000Z', written_off_at: '2026-01-01T00:01:00.000Z',
  }]);
  const rest = holdsPage(partition.state, partition.governance, { after: page.next, most: 1 });
  expect(rest.data.map(({ job }) => job)).toEqual(['b']);
  expect(rest.next).toBeNull();
});

test('decisions about holds are made again from the fold they were made from', () => {
  const partition = partitionWith(60);
  lost(partition, 'a');
  lost(partition, 'b');
  given(partition, request('a', { cost_pico_usd: '33' }));
  partition.nowMs += hourMs;
  const drafts = decided(partition);
  expect(summary(drafts)).toEqual(['HoldReconciled a', 'HoldWrittenOff b']);
  const { governance, load, state, nowMs, sequence: seen } = partition;
  const world = { ...newWorld(1), governance, load };
  for (const draft of drafts) {
    if (draft.type !== 'HoldReconciled' && draft.type !== 'HoldWrittenOff') continue;
    const hold = { routing: draft.data.routing, request: draft.data.request ?? null };
    const again = decideAgain(world, state, { job: draft.subject, seen, nowMs, overlay: {}, reserved: [], hold });
    expect(again).toEqual({ type: draft.type, data: draft.data });
  }
});

test('what was closed is remembered for forty days, for bills and late words', () => {
  const partition = partitionWith(60);
  lost(partition);
  partition.nowMs += hourMs;
  run(partition);
  forgetEnded(partition.state, partition.nowMs + 39 * 24 * hourMs);
  expect(partition.state.kept.size).toBe(1);
  forgetEnded(partition.state, partition.nowMs + 41 * 24 * hourMs);
  expect([partition.state.kept.size, partition.state.ledger.routings.size]).toEqual([0, 0]);
});
