// A seeded simulation of budgets in one partition: requests in parallel, a router that is restarted
// between a decision and its fold and goes on from a snapshot, workers that succeed, fail, die and are
// heard late, holds written off by policy and by operators, settled by bills, jobs that leave the
// memory, everything twice. More runs: LEDGER_RUNS=100000; one seed again: LEDGER_SEED=123.
import { expect, test } from '@jest/globals';
import type { DraftOf, EventDraft } from '@libs/events/envelope';
import { bookOf } from '@libs/jobs/book';
import type { JobState } from '@libs/jobs/state';
import { type SeededRandom, seededRandom } from '@libs/test-kit/seeded-random';
import { mayRaise } from '../alerts/alert-table';
import { dropDecisions } from '../decide-partition';
import { forgetEnded } from '../fold-partition';
import { findJob } from '../partition-state';
import { itemsOf, restoreItem, type SnapshotItem } from '../partition-snapshot';
import { newProviderLoad } from '../provider-load';
import {
  attemptOf, decided, given, ownedPartition, type Partition, submitted, succeeded,
} from '../routing-for-specs';
import { buildWorkLists } from '../work-lists';
import { boundsOf } from './bounds';
import { checkDecided, clockChanges, governanceForSimulation, type Raises, raiseSome } from './limits-for-simulation';
import { type Ledger, sumOf } from './ledger';
import { costAtWorst } from './parts';

const runs = Number(process.env['LEDGER_RUNS'] ?? 2_500);
const onlySeed = process.env['LEDGER_SEED'];
const stepsPerRun = 40;

const everything = 'customer/acme budget total';
const governance = governanceForSimulation();
const everyBound = boundsOf([...governance.limits.values()]);

interface Logged { readonly draft: EventDraft; readonly atMs: number }

class Run {
  partition: Partition = ownedPartition(governance);
  readonly log: Logged[] = [];
  inFlight: EventDraft[] = [];
  /** Routings of which no end was told. */
  open: DraftOf<'JobRouted'>[] = [];
  /** Abandoned: their calls may still be heard of, whatever became of their holds meanwhile. */
  lost: DraftOf<'JobRouted'>[] = [];
  /** Of jobs that are not remembered any more. */
  readonly forgotten: JobState[] = [];
  jobs = 0;
  /** What calls cost beyond what was held for them, at most. */
  error = 0n;
  readonly raises: Raises = { count: 0, most: new Map() };

  constructor(readonly random: SeededRandom) {
    // So that clocks are changed within the run, where a bound follows them.
    this.partition.nowMs = random.pick([this.partition.nowMs, ...clockChanges]);
  }

  fold(drafts: readonly EventDraft[]): void {
    given(this.partition, ...drafts);
    for (const draft of drafts) {
      this.log.push({ draft, atMs: this.partition.nowMs });
      if (draft.type === 'JobRouted') this.open.push(draft);
    }
  }

  cost(routed: DraftOf<'JobRouted'>): bigint {
    const { submitted: asked } = findJob(this.partition.state, routed.subject)!;
    const held = costAtWorst(routed.data.plan[0]!, { submitted: asked })!;
    const cost = this.random.chance(0.1) ? held + 7n : held * BigInt(this.random.whole(0, 10)) / 10n;
    // What holds no money any more is booked without room being made for it.
    const holds = !this.lost.includes(routed) || this.isOpen(routed);
    this.error += !holds ? cost : cost > held ? cost - held : 0n;
    return cost;
  }

  isOpen({ subject, data: { routing } }: DraftOf<'JobRouted'>): boolean {
    return this.partition.state.holds.open.has(`${subject}/${routing}`);
  }

  forget(): void {
    const { state, nowMs } = this.partition;
    const before = [...state.ended.keys(), ...state.kept.keys()].map((id) => findJob(state, id)!);
    forgetEnded(state, nowMs);
    this.forgotten.push(...before.filter(({ id }) => findJob(state, id) === undefined));
  }

  success(routed: DraftOf<'JobRouted'>): EventDraft {
    const draft = succeeded(routed);
    const usage = { input_tokens: 100, cached_input_tokens: 0, cache_write_tokens: 0, output_tokens: 5, reasoning_tokens: 0 };
    return { ...draft, data: { ...draft.data, attempts: [{ ...this.call(routed), usage, cost_pico_usd: String(this.cost(routed)) }] } };
  }

  call(routed: DraftOf<'JobRouted'>, changes: object = {}): ReturnType<typeof attemptOf> {
    return attemptOf(routed, { attempt_id: `att_${routed.subject}_${routed.data.routing}`, ...changes });
  }
}

function step(run: Run): void {
  const { random, partition } = run;
  const roll = random.whole(0, 99);
  if (roll < 30) {
    const mode = random.chance(0.3) ? 'async' : 'sync';
    run.jobs += 1;
    run.fold([submitted(`job_${run.jobs}`, {
      key: random.pick(['key_1', 'key_2']), team: random.pick(['red', null]), mode, max_output_tokens: random.whole(1, 60),
      deadline_at_ms: partition.nowMs + 400_000, ...(random.chance(0.5) && mode === 'async' ? { over_budget: 'wait' as const } : {}),
    })]);
  } else if (roll < 55) {
    const before = new Map(partition.state.work!.reserved);
    run.inFlight.push(...decided(partition));
    checkDecided(partition, before);
  } else if (roll < 70) {
    run.fold(run.inFlight.splice(0));
  } else if (roll < 73) {
    restart(run);
  } else if (roll < 77) {
    partition.nowMs += random.pick([10, 1_000, 61_000, 1_000_000, 3_600_000]);
    // A decision is in the log within seconds, a job is forgotten after minutes.
    if (run.inFlight.length === 0 && random.chance(0.3)) run.forget();
  } else if (roll < 79) {
    partition.governance = raiseSome(run.raises, partition, random);
  } else if (roll < 82 && run.log.length > 0) {
    const again = random.pick(run.log).draft;
    // Decisions are fenced: none stands in the log twice.
    if (again.type !== 'JobRouted') given(partition, again);
  } else endOne(run);
}

function endOne(run: Run): void {
  const { random } = run;
  if (run.lost.length > 0 && random.chance(0.5)) {
    const at = random.whole(0, run.lost.length - 1);
    const routed = run.lost[at]!;
    if (random.chance(0.5)) { askFor(run, routed); return; }
    const heard = run.success(routed);
    run.lost.splice(at, 1);
    run.fold([heard]);
    return;
  }
  if (run.open.length === 0) return;
  const routed = run.open.splice(random.whole(0, run.open.length - 1), 1)[0]!;
  const { subject, tenant, data: { routing } } = routed;
  const roll = random.whole(0, 9);
  if (roll < 5) run.fold([run.success(routed)]);
  else if (roll < 6) run.fold([{ type: 'AttemptReturned', subject, tenant, data: { routing, reason: '' } }]);
  else if (roll < 7) {
    run.fold([{ type: 'PlanExhausted', subject, tenant, data: { routing, errors: [] } }]);
  } else {
    run.lost.push(routed);
    const attempt = random.chance(0.5) ? null : run.call(routed, { outcome: 'unknown' });
    run.fold([{ type: 'AttemptAbandoned', subject, tenant, data: { routing, attempt, reason: 'stalled', content_sent: false } }]);
  }
}

/** An operator gives a hold up or has found its bill, which is sometimes wrong. */
function askFor(run: Run, routed: DraftOf<'JobRouted'>): void {
  const { random, partition } = run;
  const { subject, tenant, data: { routing } } = routed;
  const named = findJob(partition.state, subject)?.attempts.some((attempt) => attempt.routing === routing);
  const asked = { attempt_id: named === true ? run.call(routed).attempt_id : `unknown:${routing}`, actor: 'admin', reason: 'bill' };
  const cost = random.whole(0, 150);
  run.error += BigInt(cost);
  run.fold([{
    type: 'HoldReconcileRequested', subject, tenant,
    data: random.chance(0.4) ? { ...asked, action: 'write_off' } : { ...asked, action: 'settle', cost_pico_usd: String(cost) },
  }]);
}

/** What was in flight did not reach the log; the successor goes on from a snapshot. */
function restart(run: Run): void {
  const { partition } = run;
  run.inFlight = [];
  dropDecisions(partition.state, partition.load);
  const load = newProviderLoad();
  const restored = { partitions: new Map(), load };
  for (const item of itemsOf(partition.state)) restoreItem(restored, JSON.parse(JSON.stringify(item)) as SnapshotItem);
  const state = restored.partitions.get(0) as Partition['state'];
  expect(plain(state.ledger)).toEqual(plain(partition.state.ledger));
  expect([state.holds, state.kept]).toEqual([partition.state.holds, partition.state.kept]);
  state.work = buildWorkLists(state);
  run.partition = { ...partition, state, load };
}

const plain = (ledger: Ledger): object => ({
  accounts: [...ledger.accounts].map(([name, { slots }]) => [name, [...slots]]), routings: [...ledger.routings],
});

function check(run: Run): void {
  const { state, nowMs } = run.partition;
  for (const { slots } of state.ledger.accounts.values()) {
    for (const { spent, held } of slots.values()) if (spent < 0n || held < 0n) throw new Error(`negative: ${spent} ${held}`);
  }
  for (const { account, kind, limit } of everyBound) {
    const { spent, held } = sumOf(state.ledger, account, nowMs);
    const over = spent + held + (state.work!.reserved.get(account) ?? 0n) - limit;
    // Tokens are corrected by what was used, which the simulated providers may exceed too.
    const allowed = kind === 'budget' ? run.error + (run.raises.most.get(account) ?? 0n)
      : kind.endsWith('tokens') ? BigInt(run.jobs) * 105n : 0n;
    if (over > allowed) throw new Error(`${account}: ${over} over the limit, ${allowed} by estimates`);
  }
  const ended = [...state.ended.keys(), ...state.kept.keys()].map((id) => findJob(state, id)!);
  const book = bookOf([...state.jobs.values(), ...ended, ...run.forgotten]);
  const { spent, held } = sumOf(state.ledger, everything, nowMs);
  if (String(spent) !== book.bookedPicoUsd || String(held) !== book.heldPicoUsd) {
    throw new Error(`the ledger has ${spent}/${held}, the book ${book.bookedPicoUsd}/${book.heldPicoUsd}`);
  }
}

/** The end of everything that is open, by its own word or by policy: then nothing is held. */
function settleAll(run: Run): void {
  const { partition, random } = run;
  run.fold(run.inFlight.splice(0));
  for (const routed of run.open) run.fold([run.success(routed)]);
  for (const routed of run.lost.splice(0)) {
    if (run.isOpen(routed) && random.chance(0.5)) continue;
    run.fold([run.success(routed)]);
  }
  partition.nowMs += 1_500_000;
  partition.workers = 0;
  for (let drafts = decided(partition); drafts.length > 0; drafts = decided(partition)) run.fold(drafts);
  partition.workers = 1;
  expect(partition.state.holds.open.size).toBe(0);
  for (const account of partition.state.ledger.accounts.values()) {
    for (const { held } of account.slots.values()) if (held !== 0n) throw new Error(`${held} held at the end`);
  }
}

/** Each alert stands in the log once, and every threshold that is passed now was raised in its window. */
function checkAlerts(run: Run): void {
  for (let looks = 0; looks < 20; looks += 1) run.fold(decided(run.partition));
  const { state, nowMs } = run.partition;
  const ids = run.log.flatMap(({ draft }) => (draft.type === 'AlertRaised' ? [draft.subject] : []));
  if (new Set(ids).size !== ids.length) throw new Error(`raised twice: ${ids.join(', ')}`);
  if (state.alerts.raised.size !== ids.length) throw new Error(`${state.alerts.raised.size} of ${ids.length} alerts are known`);
  for (const { account, limit, alertAt } of everyBound) {
    // When a raise ends, thresholds are looked at with the next booking.
    if (run.raises.most.has(account)) continue;
    const { spent } = sumOf(state.ledger, account, nowMs);
    for (const percent of alertAt) {
      const isRaised = !mayRaise(state.alerts, `${account}\n${limit}\n${percent}`, nowMs);
      if (spent * 100n >= limit * BigInt(percent) && !isRaised) throw new Error(`${percent} % of ${account} is not raised`);
    }
  }
}

/** The same log, in another order of independent events: each job keeps its own. */
function foldShuffled(run: Run): Partition {
  const log = [...run.log];
  for (let turn = 0; turn < log.length * 2; turn += 1) {
    const at = run.random.whole(0, Math.max(0, log.length - 2));
    const [one, other] = [log[at], log[at + 1]];
    if (one === undefined || other === undefined || one.draft.subject === other.draft.subject) continue;
    [log[at], log[at + 1]] = [other, one];
  }
  const partition = ownedPartition(governance);
  for (const { draft, atMs } of log) {
    partition.nowMs = atMs;
    given(partition, draft);
  }
  return partition;
}

function live(ledger: Ledger, nowMs: number): object {
  return Object.fromEntries([...ledger.accounts].map(([name, { slots }]) => [
    name, Object.fromEntries([...slots].filter(([, { endsMs }]) => endsMs > nowMs)
      .map(([slot, { spent, held }]) => [slot, `${spent} ${held}`])),
  ]));
}

test('whatever happens, budgets hold and the ledger is what the book says', () => {
  const seeds = onlySeed === undefined ? Array.from({ length: runs }, (_, index) => index) : [Number(onlySeed)];
  const counts = { routed: 0, rejected: 0, lost: 0, writtenOff: 0, byRequest: 0, reconciled: 0, forgotten: 0, raised: 0 };
  for (const seed of seeds) {
    const run = new Run(seededRandom(seed));
    try {
      for (let at = 0; at < stepsPerRun; at += 1) {
        step(run);
        check(run);
      }
      settleAll(run);
      check(run);
      checkAlerts(run);
      if (seed % 10 === 0) {
        const shuffled = foldShuffled(run);
        const { nowMs, state } = run.partition;
        expect(live(shuffled.state.ledger, nowMs)).toEqual(live(state.ledger, nowMs));
      }
    } catch (error) {
      throw new Error(`LEDGER_SEED=${seed}`, { cause: error });
    }
    counts.raised += run.raises.count;
    counts.forgotten += run.forgotten.length;
    for (const { draft } of run.log) {
      const { type } = draft;
      counts.writtenOff += Number(type === 'HoldWrittenOff');
      counts.byRequest += Number(draft.type === 'HoldWrittenOff' && draft.data.request !== undefined);
      counts.reconciled += Number(type === 'HoldReconciled');
      counts.routed += Number(type === 'JobRouted');
      counts.rejected += Number(type === 'JobRejected');
      counts.lost += Number(type === 'AttemptAbandoned');
      counts.raised += Number(type === 'AlertRaised');
    }
  }
  console.log(`${seeds.length} runs: ${JSON.stringify(counts)}`);
}, Math.max(300_000, runs * 200));
