// Everything the router knows: the fold of governance and of all partitions. Every router folds all
// of them, so that taking over a partition needs the lease alone, and provider load is complete.
import { partitionOfSubject, subjects } from '@libs/events/subjects';
import type { AnyEvent } from '@libs/events/envelope';
import { evolveGovernance } from '@libs/governance/evolve';
import { type GovernanceState, initialGovernance } from '@libs/governance/state';
import type { Commit, Position } from '@libs/log/log';
import { foldJobEvent, forgetEnded } from '@libs/routing/fold-partition';
import { type FoldNews, newPartition, type PartitionState } from '@libs/routing/partition-state';
import { forgetProvider, newProviderLoad, type ProviderLoad } from '@libs/routing/provider-load';

export interface World {
  governance: GovernanceState;
  readonly load: ProviderLoad;
  readonly partitions: readonly PartitionState[];
  /** Last commit folded. */
  position: Position | null;
}

export function newWorld(partitionCount: number): World {
  return {
    governance: initialGovernance,
    load: newProviderLoad(),
    partitions: Array.from({ length: partitionCount }, (_, index) => newPartition(index)),
    position: null,
  };
}

/** What the router folds. */
export const foldedSubjects: readonly string[] = [
  subjects.job('*', '*'), subjects.webhook('*'), subjects.governance,
];

/** Folds one commit. Returns the partition it belongs to, null for governance. */
export function foldCommit(
  world: World, commit: Commit, news: FoldNews, events: readonly AnyEvent[] = commit.events,
): PartitionState | null {
  const partition = partitionOfSubject(commit.subject);
  const state = partition === null ? null : world.partitions[partition];
  if (state === undefined) {
    throw new Error(`${commit.subject} names a partition beyond ${world.partitions.length}`);
  }
  if (state === null) foldGovernance(world, commit);
  else foldPartition(world, state, { commit, events }, news);
  world.position = { sequence: commit.sequence, msgId: commit.msgId };
  return state;
}

/**
 * A commit folded before is skipped. `quietly`: what a snapshot already has learned of the
 * providers stays.
 */
export function foldGovernance(world: World, commit: Commit, quietly?: 'quietly'): void {
  if (commit.sequence <= world.governance.sequence) return;
  for (const event of commit.events) {
    world.governance = evolveGovernance(world.governance, event, commit.sequence);
    if (quietly === undefined) noteConfiguration(world.load, event);
  }
}

function foldPartition(
  world: World, state: PartitionState,
  { commit, events }: { readonly commit: Commit; readonly events: readonly AnyEvent[] },
  news: FoldNews,
): void {
  const { sequence, appendedAtMs } = commit;
  const sides = { load: world.load, news };
  for (let line = 0; line < events.length; line += 1) {
    foldJobEvent(state, events[line] as AnyEvent, { at: { sequence, line }, appendedAtMs }, sides);
  }
  if (commit.subject.endsWith('.routed')) state.routedSequence = sequence;
  forgetEnded(state, appendedAtMs);
}

/** A key or provider configured anew is tried again. */
function noteConfiguration(load: ProviderLoad, event: AnyEvent): void {
  if (event.type === 'ProviderConfigured' || event.type === 'ProviderRemoved') {
    forgetProvider(load, event.data.provider);
  }
}
