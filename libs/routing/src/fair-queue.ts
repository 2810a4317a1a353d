// The order in which waiting jobs are looked at: priority class first, then tenants by weight
// (deficit round robin), then lanes of a tenant in turn. A lane holds jobs that ask for the same
// model in the same way: when its first one cannot be placed now, none of it can.
import type { Priority } from '@libs/events/job-events';

export interface QueueEntry {
  readonly id: string;
  readonly tenant: string;
  readonly priority: Priority;
  /** Jobs with the same lane meet the same provider keys. */
  readonly lane: string;
}

interface Lane {
  readonly key: string;
  readonly tenant: TenantQueue;
  ids: string[];
  /** The ids before this index were taken. */
  head: number;
  parked: boolean;
}

interface TenantQueue {
  readonly tenant: string;
  readonly lanes: Map<string, Lane>;
  /** Lanes with jobs that are not parked, in turn. */
  ring: Lane[];
  deficit: number;
  /** In its class's ring now. */
  listed: boolean;
}

interface ClassQueue {
  readonly tenants: Map<string, TenantQueue>;
  ring: TenantQueue[];
  parked: Lane[];
}

export interface FairQueue {
  readonly classes: Readonly<Record<Priority, ClassQueue>>;
  size: number;
  parkedLanes: number;
}

/** One job taken, with what is needed to put its lane aside. */
export interface Taken {
  readonly id: string;
  readonly class: ClassQueue;
  readonly lane: Lane;
}

const classOrder: readonly Priority[] = ['interactive', 'normal', 'batch'];
/** A weight beyond these would starve others, or need many rounds for one job. */
const weightMin = 0.1;
const weightMax = 100;

export function newFairQueue(): FairQueue {
  const newClass = (): ClassQueue => ({ tenants: new Map(), ring: [], parked: [] });
  return {
    classes: { interactive: newClass(), normal: newClass(), batch: newClass() },
    size: 0,
    parkedLanes: 0,
  };
}

export function enqueue(queue: FairQueue, entry: QueueEntry): void {
  const own = queue.classes[entry.priority];
  let tenant = own.tenants.get(entry.tenant);
  if (tenant === undefined) {
    tenant = { tenant: entry.tenant, lanes: new Map(), ring: [], deficit: 0, listed: false };
    own.tenants.set(entry.tenant, tenant);
  }
  let lane = tenant.lanes.get(entry.lane);
  if (lane === undefined) {
    lane = { key: entry.lane, tenant, ids: [], head: 0, parked: false };
    tenant.lanes.set(entry.lane, lane);
    tenant.ring.push(lane);
  }
  lane.ids.push(entry.id);
  queue.size += 1;
  list(own, tenant);
}

/** The next job in fair order; null when none is left that is not parked. */
export function takeNext(queue: FairQueue, weightOf: (tenant: string) => number): Taken | null {
  for (const priority of classOrder) {
    const own = queue.classes[priority];
    while (own.ring.length > 0) {
      const tenant = own.ring[0] as TenantQueue;
      const lane = tenant.ring[0];
      if (lane === undefined) {
        unlistFirst(own, tenant);
        continue;
      }
      if (tenant.deficit < 1) {
        tenant.deficit += Math.min(weightMax, Math.max(weightMin, weightOf(tenant.tenant)));
        if (own.ring.length > 1) own.ring.push(own.ring.shift() as TenantQueue);
        continue;
      }
      queue.size -= 1;
      return { id: takeFrom(lane), class: own, lane };
    }
  }
  return null;
}

/** The job just taken counts against its tenant's share (a stale entry does not). */
export function charge(taken: Taken): void {
  taken.lane.tenant.deficit -= 1;
}

/** The job just taken cannot be placed now: it goes back to the front, its lane aside. */
export function park(queue: FairQueue, taken: Taken): void {
  const { lane } = taken;
  const { tenant } = lane;
  if (lane.head > 0) lane.ids[--lane.head] = taken.id;
  else lane.ids.unshift(taken.id);
  tenant.ring = tenant.ring.filter((other) => other !== lane);
  tenant.lanes.set(lane.key, lane);
  taken.class.tenants.set(tenant.tenant, tenant);
  lane.parked = true;
  taken.class.parked.push(lane);
  queue.size += 1;
  queue.parkedLanes += 1;
}

/** Something was freed: every lane may be tried again. */
export function unparkAll(queue: FairQueue): void {
  if (queue.parkedLanes === 0) return;
  for (const priority of classOrder) {
    const own = queue.classes[priority];
    for (const lane of own.parked) {
      lane.parked = false;
      lane.tenant.ring.push(lane);
      list(own, lane.tenant);
    }
    own.parked = [];
  }
  queue.parkedLanes = 0;
}

/** Takes the lane's first job and lets the tenant's next lane have the next turn. */
function takeFrom(lane: Lane): string {
  const id = lane.ids[lane.head] as string;
  lane.head += 1;
  lane.tenant.ring.shift();
  if (lane.head === lane.ids.length) {
    lane.tenant.lanes.delete(lane.key);
    lane.ids = [];
    lane.head = 0;
    return id;
  }
  // Copying the rest each time would cost the square of a long queue.
  if (lane.head > 1024 && lane.head * 2 > lane.ids.length) {
    lane.ids = lane.ids.slice(lane.head);
    lane.head = 0;
  }
  lane.tenant.ring.push(lane);
  return id;
}

function list(own: ClassQueue, tenant: TenantQueue): void {
  if (tenant.listed || tenant.ring.length === 0) return;
  tenant.listed = true;
  own.ring.push(tenant);
}

function unlistFirst(own: ClassQueue, tenant: TenantQueue): void {
  own.ring.shift();
  tenant.listed = false;
  tenant.deficit = 0;
  if (tenant.lanes.size === 0) own.tenants.delete(tenant.tenant);
}
