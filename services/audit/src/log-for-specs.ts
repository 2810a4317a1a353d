// For the specs of this service: an archived log of jobs that were routed by the product's own rules,
// under budgets, with providers that fail, by a seed.
import type { DraftOf, EventDraft } from '@libs/events/envelope';
import { stamp } from '@libs/events/envelope';
import { partitionOf, subjects, type JobSubject } from '@libs/events/subjects';
import { sha256Hex } from '@libs/log/content';
import { draftOf, entryLines } from '@libs/log/group-commit';
import { StoredCommit } from '@libs/log/stored-commit';
import { type Database } from '@libs/postgres/database';
import { healthItemsOf, itemsOf } from '@libs/routing/partition-snapshot';
import {
  abandoned, attemptFailed, attemptOf, decided, given, governed, ownedPartition, type Partition,
  providerConfigured, submitted, succeeded,
} from '@libs/routing/routing-for-specs';
import { foldCommit, newWorld, type World } from '@libs/routing/world';

export const partitionCount = 4;
const tenant = 'acme';
const partition = partitionOf(tenant, partitionCount);
const price = {
  input_per_token: '1', cached_input_per_token: '1', cache_write_per_token: '1',
  output_per_token: '3', per_request: '7',
};
const configured: readonly EventDraft[] = [
  providerConfigured('one'), providerConfigured('two'),
  ...['one', 'two'].map((provider): EventDraft => ({
    type: 'PriceSet', subject: provider, tenant: 'system',
    data: { provider, model: 'gpt-4o', price, source: '', origin: 'api' },
  })),
  {
    type: 'LimitsSet', subject: 'customer/acme', tenant,
    data: {
      level: 'customer', id: tenant, max_concurrent: 40, origin: 'api',
      budgets: [{ limit_pico_usd: '900000', window: 'hour', calendar: false, models: [], providers: [] }],
      rate_limits: [{ requests: 5_000, tokens: 900_000, window: 'hour', models: [] }],
    },
  },
];
const configuredAgain: EventDraft = providerConfigured('two', { weight: 5 });

interface Random {
  whole(min: number, max: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
}

/** Grows until it has so many jobs. */
export function madeLog(random: Random, jobs: number): StoredCommit[] {
  const run: Run = {
    random, partition: ownedPartition(governed(...configured)), log: [], open: [], jobs: 0,
  };
  append(run, subjects.governance, configured);
  while (run.jobs < jobs) step(run);
  return run.log;
}

interface Run {
  readonly random: Random;
  readonly partition: Partition;
  readonly log: StoredCommit[];
  open: DraftOf<'JobRouted'>[];
  jobs: number;
}

function step(run: Run): void {
  const { random, partition: state } = run;
  const roll = random.whole(0, 99);
  state.nowMs += random.pick([0, 1, 30, 700]);
  if (roll < 40) {
    const drafts = Array.from({ length: random.whole(1, 4) }, () => submitted(`job_${run.jobs += 1}`, {
      deadline_at_ms: state.nowMs + 900_000, mode: random.pick(['sync', 'async']),
    }));
    fold(run, 'submitted', drafts);
  } else if (roll < 65) {
    const drafts = decided(state);
    fold(run, 'routed', drafts);
    run.open.push(...drafts.filter((draft): draft is DraftOf<'JobRouted'> => draft.type === 'JobRouted'));
  } else if (roll < 68) append(run, subjects.access, [{ type: 'AdminActed', subject: 'x', tenant: 'system', data: { act: 'x', about: 'x', detail: {} } } as unknown as EventDraft]);
  else if (roll < 69 && random.chance(0.2)) {
    // What it does to health is the world's, not the partition's: folded below as the product does.
    append(run, subjects.governance, [configuredAgain]);
  } else if (run.open.length > 0) end(run);
}

function end(run: Run): void {
  const { random } = run;
  const routed = run.open.splice(random.whole(0, run.open.length - 1), 1)[0] as DraftOf<'JobRouted'>;
  const { subject, data: { routing } } = routed;
  const changes = { attempt_id: `att_${subject}_${routing}`, started_at_ms: run.partition.nowMs - 40 };
  const usage = { input_tokens: 100, cached_input_tokens: 0, cache_write_tokens: 0, output_tokens: random.whole(1, 60), reasoning_tokens: 0 };
  const cost = String(107 + 3 * usage.output_tokens);
  if (random.chance(0.7)) {
    const draft = succeeded(routed);
    const attempt = attemptOf(routed, { ...changes, usage, cost_pico_usd: cost });
    fold(run, 'settled', [{ ...draft, data: { ...draft.data, attempts: [attempt], usage, cost_pico_usd: cost } }]);
  } else if (random.chance(0.5)) {
    const draft = attemptFailed(routed, 'server_error');
    fold(run, 'attempted', [{ ...draft, data: { attempt: { ...draft.data.attempt, ...changes } } }]);
    run.open.push(routed);
  } else fold(run, 'attempted', [abandoned(routed)]);
}

function fold(run: Run, kind: JobSubject, drafts: readonly EventDraft[]): void {
  if (drafts.length === 0) return;
  given(run.partition, ...drafts);
  append(run, subjects.job(partition, kind), drafts);
  // Its decisions say what they had seen; sequences of both logs differ by what is no job's.
  run.partition.sequence = run.log.length;
}

function append(run: Run, subject: string, drafts: readonly EventDraft[]): void {
  const sequence = run.log.length + 1;
  const text = `content of ${sequence}\n`;
  const events = drafts.map((draft, line) => stamp(draft, `${sequence}-${line}`, run.partition.nowMs));
  const { payload } = draftOf([entryLines({
    events, content: [{ sha256: sha256Hex(text), encoding: 'utf8', text }],
  })]);
  run.log.push(new StoredCommit({
    subject, sequence, msgId: `m${sequence}`, appendedAtMs: run.partition.nowMs, bytes: payload,
  }));
}

export async function archiveLog(database: Database, log: readonly StoredCommit[]): Promise<void> {
  await database.query('TRUNCATE commits, kept_snapshots');
  await database.query(
    `INSERT INTO commits (sequence, subject, msg_id, appended_at, bytes)
     SELECT sequence, subject, msg_id, to_timestamp(at_ms / 1000.0), bytes
     FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bytea[])
       AS made (sequence, subject, msg_id, at_ms, bytes)`,
    [
      log.map(({ sequence }) => sequence), log.map(({ subject }) => subject),
      log.map(({ msgId }) => msgId), log.map(({ appendedAtMs }) => appendedAtMs),
      log.map(({ bytes }) => bytes),
    ],
  );
}

/** The fold as a router has it: commit by commit, from nothing. */
export function foldedTo(log: readonly StoredCommit[], sequence: number): World {
  const world = newWorld(partitionCount);
  for (const commit of log.slice(0, sequence)) {
    if (commit.subject === subjects.access) continue;
    foldCommit(world, commit, { settled: [], verdicts: [], cancels: [] }, commit.events);
  }
  return world;
}

/** Everything that a world is, as text. */
export function textOf(world: World): string {
  const parts = [world.partitions.flatMap(itemsOf), healthItemsOf(world.load), world.governance];
  return JSON.stringify(parts, (_, value: unknown) => (value instanceof Map ? [...value] : value));
}

