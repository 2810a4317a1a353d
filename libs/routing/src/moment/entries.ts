// What the folded world says, as entries that can be paged and compared: budgets, health, keys, jobs
// and routes at one moment. A fold knows facts only, so nothing here was merely being decided.
import { partitionOf } from '@libs/events/subjects';
import type { GovernanceState, VirtualKey } from '@libs/governance/state';
import type { JobState } from '@libs/jobs/state';
import { viewOf } from '@libs/jobs/view';
import { healthView } from '../health-view';
import { boundsOfOne } from '../ledger/bounds';
import { usageLines } from '../ledger/usage-view';
import type { World } from '../world';

export const projections = ['budgets', 'health', 'keys', 'jobs', 'routes'] as const;
export type Projection = (typeof projections)[number];

/** `key` is unique within its projection, and its order. */
export interface Entry {
  readonly key: string;
  readonly value: object;
}

/** Made when it is looked at: of a hundred thousand jobs a page shows a hundred. */
export interface LazyEntry {
  readonly key: string;
  readonly value: () => object;
}

export interface EntryFilter {
  readonly tenant: string | null;
  /** Whose: a key, `level/id` of a budget, a provider, a job, a model. */
  readonly subject: string | null;
}

/** Those that belong to one customer each. */
export function hasTenants(projection: Projection): boolean {
  return projection === 'budgets' || projection === 'keys' || projection === 'jobs';
}

/** Sorted by key. `nowMs`: the time that windows and health are looked at. */
export function entriesOf(
  world: World, projection: Projection, filter: EntryFilter, nowMs: number,
): LazyEntry[] {
  const entries = unsorted(world, projection, filter, nowMs);
  return entries.sort((one, other) => (one.key < other.key ? -1 : 1));
}

function unsorted(
  world: World, projection: Projection, filter: EntryFilter, nowMs: number,
): LazyEntry[] {
  const { governance, load } = world;
  const isWanted = (key: string): boolean => filter.subject === null || filter.subject === key;
  switch (projection) {
    case 'budgets': return budgets(world, filter, nowMs);
    case 'health':
      return healthView(load, governance, nowMs).filter(({ provider }) => isWanted(provider))
        .map((view) => ({ key: view.provider, value: () => view }));
    case 'keys': return keys(governance, filter);
    case 'jobs': return jobs(world, filter);
    case 'routes':
      return [...governance.routes].filter(([model]) => isWanted(model))
        .map(([model, route]) => ({ key: model, value: () => route }));
  }
}

/** As the owner of the customer's partition answers, by the name of the account. */
function budgets(world: World, { tenant, subject }: EntryFilter, nowMs: number): LazyEntry[] {
  return [...world.governance.limits].flatMap(([name, limits]) => {
    if (tenant !== null && limits.tenant !== tenant) return [];
    if (subject !== null && subject !== name && subject !== limits.id) return [];
    const partition = world.partitions[partitionOf(limits.tenant, world.partitions.length)];
    if (partition === undefined) return [];
    const lines = usageLines(partition.ledger, [limits], nowMs);
    return boundsOfOne(limits).flatMap(({ account }, at) => {
      const line = lines[at];
      return line === undefined ? [] : [{ key: account, value: () => line }];
    });
  });
}

function keys({ keys: all }: GovernanceState, { tenant, subject }: EntryFilter): LazyEntry[] {
  return [...all.values()].flatMap((key) => {
    if (tenant !== null && key.tenant !== tenant) return [];
    if (subject !== null && key.id !== subject) return [];
    return [{ key: key.id, value: () => keyEntry(key) }];
  });
}

/** Everything that is known of it but hashes of its values, which are of no use to anybody. */
function keyEntry({ created, tenant, former, ...more }: VirtualKey): object {
  return {
    customer: tenant, ...withoutHashes(created), ...withoutHashes(more),
    ...(former === undefined ? {} : { former: former.map(withoutHashes) }),
  };
}

function withoutHashes(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !/hash/i.test(name)));
}

function jobs(world: World, { tenant, subject }: EntryFilter): LazyEntry[] {
  return world.partitions.flatMap((partition) => {
    if (tenant !== null && partitionOf(tenant, world.partitions.length) !== partition.partition) {
      return [];
    }
    const open = [...partition.jobs.values()].map((job) => ({ id: job.id, read: () => job }));
    const ended = [...partition.ended, ...partition.kept]
      .map(([id, { text }]) => ({ id, read: () => JSON.parse(text) as JobState }));
    return [...open, ...ended]
      .filter(({ id, read }) => (subject === null || subject === id)
        && (tenant === null || read().tenant === tenant))
      .map(({ id, read }) => ({ key: id, value: () => jobEntry(read()) }));
  });
}

function jobEntry(job: JobState): object {
  const { tenant, submitted: { team, key } } = job;
  return { ...viewOf(job), customer: tenant, team, virtual_key: key };
}
