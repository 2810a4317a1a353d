// A partition's state as lines of JSON and back. Taking one copies references only (job states are
// immutable), so that the slow part, making text of them, is done in slices while the fold goes on.
import type { JobState } from '@libs/jobs/state';
import { type RaisedAlert, setAlert } from './alerts/alert-table';
import { type UnknownEnd, unknownName } from './alerts/unknown-ends';
import type { IdempotencyEntry } from './idempotency';
import type { KeyUse } from './key-uses';
import {
  type DeliveryUnderWay, type EndedJob, newPartition, type PartitionState,
} from './partition-state';
import type { KeyHealth } from './health/key-health';
import {
  type HoldRequest, holdName, type Holds, type HoldVerdict, type OpenHold,
} from './holds/open-holds';
import type { TargetHealth } from './health/target-health';
import { itemsOfLedger, type LedgerItem, restoreLedgerItem } from './ledger/ledger-snapshot';
import { moveSlot, type ProviderLoad, type Unpriced } from './provider-load';

/** Everything but the jobs and the idempotency table, which are many. */
interface PartitionHead {
  readonly kind: 'partition';
  readonly partition: number;
  readonly owner: PartitionState['owner'];
  readonly routedSequence: number;
  readonly verdicts: readonly (readonly [string, { kind: 'duplicate' | 'mismatch'; of: string }])[];
  readonly exhausted: readonly string[];
  readonly deliveriesUnderWay: readonly (readonly [string, DeliveryUnderWay])[];
  readonly lateOutcomes: number;
  readonly strangers: number;
}

/** One value of a snapshot: becomes one line. */
export type SnapshotItem =
  | PartitionHead
  | { readonly kind: 'job'; readonly partition: number; readonly job: JobState }
  | {
      readonly kind: 'ended' | 'kept'; readonly partition: number; readonly id: string;
      readonly job: EndedJob;
    }
  | ({ readonly kind: 'holds'; readonly partition: number } & SavedHolds)
  | {
      readonly kind: 'idempotency'; readonly partition: number; readonly name: string;
      readonly entry: IdempotencyEntry;
    }
  | { readonly kind: 'key_use'; readonly partition: number; readonly key: string; readonly use: KeyUse }
  | { readonly kind: 'alert'; readonly partition: number; readonly alert: RaisedAlert }
  | { readonly kind: 'unknown'; readonly partition: number; readonly end: UnknownEnd }
  | HealthItem
  | LedgerItem;

/** Its values are immutable, its maps are copied. */
interface SavedHolds {
  readonly open: readonly OpenHold[];
  readonly closedAt: readonly (readonly [string, number])[];
  readonly requests: readonly (readonly [string, HoldRequest])[];
  readonly verdicts: readonly (readonly [string, HoldVerdict])[];
}

/** Health of a provider's address, a target or a key. */
type HealthItem =
  | { readonly kind: 'provider_health'; readonly name: string; readonly health: TargetHealth }
  | { readonly kind: 'target_health'; readonly name: string; readonly health: TargetHealth }
  | { readonly kind: 'key_health'; readonly name: string; readonly health: KeyHealth }
  | { readonly kind: 'unpriced'; readonly name: string; readonly unpriced: Unpriced };

/** The values of one moment. */
export function itemsOf(state: PartitionState): SnapshotItem[] {
  const { partition } = state;
  const items: SnapshotItem[] = [headOf(state)];
  for (const job of state.jobs.values()) items.push({ kind: 'job', partition, job });
  for (const [id, job] of state.ended) items.push({ kind: 'ended', partition, id, job });
  for (const [id, job] of state.kept) items.push({ kind: 'kept', partition, id, job });
  items.push({ kind: 'holds', partition, ...savedHolds(state.holds) });
  for (const [name, entry] of state.idempotency) {
    items.push({ kind: 'idempotency', partition, name, entry });
  }
  for (const [key, use] of state.uses) items.push({ kind: 'key_use', partition, key, use });
  items.push(...itemsOfLedger(partition, state.ledger));
  for (const alert of state.alerts.raised.values()) items.push({ kind: 'alert', partition, alert });
  for (const end of state.alerts.unknown.values()) items.push({ kind: 'unknown', partition, end });
  return items;
}

/** Health goes on changing in place while a snapshot is written: it is copied, as text. */
export function healthItemsOf(load: ProviderLoad): SnapshotItem[] {
  const items: HealthItem[] = [
    ...[...load.providers].map(([name, health]) => ({ kind: 'provider_health' as const, name, health })),
    ...[...load.targets].map(([name, health]) => ({ kind: 'target_health' as const, name, health })),
    ...[...load.keys].map(([name, health]) => ({ kind: 'key_health' as const, name, health })),
    ...[...load.unpriced].map(([name, unpriced]) => ({ kind: 'unpriced' as const, name, unpriced })),
  ];
  return structuredClone(items);
}

/** Partitions and load from a snapshot's items, given in their order. */
export interface Restored {
  readonly partitions: Map<number, PartitionState>;
  readonly load: ProviderLoad;
}

/** Puts one item in its place. */
export function restoreItem(restored: Restored, item: SnapshotItem): void {
  switch (item.kind) {
    case 'partition':
      restored.partitions.set(item.partition, fromHead(item));
      return;
    case 'job': {
      const state = restored.partitions.get(item.partition);
      state?.jobs.set(item.job.id, item.job);
      moveSlot(restored.load, undefined, item.job);
      return;
    }
    case 'ended': {
      const state = restored.partitions.get(item.partition);
      state?.ended.set(item.id, item.job);
      if (state !== undefined) state.oldestEndedMs ??= item.job.atMs;
      return;
    }
    case 'kept':
      restored.partitions.get(item.partition)?.kept.set(item.id, item.job);
      return;
    case 'holds': {
      const state = restored.partitions.get(item.partition);
      if (state !== undefined) restoreHolds(state.holds, item);
      return;
    }
    case 'idempotency':
      restored.partitions.get(item.partition)?.idempotency.set(item.name, item.entry);
      return;
    case 'key_use':
      restored.partitions.get(item.partition)?.uses.set(item.key, item.use);
      return;
    case 'account': case 'held': case 'lengths': {
      const state = restored.partitions.get(item.partition);
      if (state !== undefined) restoreLedgerItem(state.ledger, item);
      return;
    }
    case 'provider_health':
      restored.load.providers.set(item.name, item.health);
      return;
    case 'target_health':
      restored.load.targets.set(item.name, item.health);
      return;
    case 'alert': {
      const state = restored.partitions.get(item.partition);
      if (state !== undefined) setAlert(state.alerts, item.alert);
      return;
    }
    case 'unknown': {
      const { job, routing } = item.end;
      const state = restored.partitions.get(item.partition);
      state?.alerts.unknown.set(unknownName(job, routing), item.end);
      return;
    }
    case 'key_health':
      restored.load.keys.set(item.name, item.health);
      return;
    case 'unpriced':
      restored.load.unpriced.set(item.name, item.unpriced);
      return;
  }
}

function savedHolds({ open, closedAt, requests, verdicts }: Holds): SavedHolds {
  return {
    open: [...open.values()], closedAt: [...closedAt], requests: [...requests], verdicts: [...verdicts],
  };
}

function restoreHolds(holds: Holds, saved: SavedHolds): void {
  for (const hold of saved.open) {
    holds.open.set(holdName(hold.job, hold.routing), hold);
    holds.openOf.set(hold.job, (holds.openOf.get(hold.job) ?? 0) + 1);
  }
  for (const [job, atMs] of saved.closedAt) holds.closedAt.set(job, atMs);
  for (const [id, request] of saved.requests) holds.requests.set(id, request);
  for (const [id, verdict] of saved.verdicts) holds.verdicts.set(id, verdict);
}

function headOf(state: PartitionState): PartitionHead {
  return {
    kind: 'partition',
    partition: state.partition,
    owner: state.owner,
    routedSequence: state.routedSequence,
    verdicts: [...state.verdicts],
    exhausted: [...state.exhausted],
    deliveriesUnderWay: [...state.deliveriesUnderWay],
    lateOutcomes: state.lateOutcomes,
    strangers: state.strangers,
  };
}

function fromHead(head: PartitionHead): PartitionState {
  const { owner, routedSequence, lateOutcomes, strangers } = head;
  return {
    ...newPartition(head.partition),
    owner, routedSequence, lateOutcomes, strangers,
    verdicts: new Map(head.verdicts),
    exhausted: new Set(head.exhausted),
    deliveriesUnderWay: new Map(head.deliveriesUnderWay),
  };
}
