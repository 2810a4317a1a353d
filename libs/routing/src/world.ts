// Everything that decisions are made from: the fold of governance and of all partitions. Every router
// folds all of them, so that taking over a partition needs the lease alone, and provider load is
// complete; a replay folds them again.
import { partitionOfSubject, subjects } from '@libs/events/subjects';
import type { AnyEvent } from '@libs/events/envelope';
import { evolveGovernanceCommit } from '@libs/governance/evolve';
import { limitsOf } from '@libs/governance/limits';
import { type GovernanceState, initialGovernance } from '@libs/governance/state';
import { foldJobEvent, type FoldSides, forgetEnded } from './fold-partition';
import { type FoldNews, newPartition, type PartitionState } from './partition-state';
import { forgetProvider } from './health/learn';
import { rulesOf } from './health/rules';
import { newProviderLoad, type ProviderLoad } from './provider-load';

/** A place in the log. */
export interface FoldedPosition {
  readonly sequence: number;
  readonly msgId: string;
}

/** Of a commit, what a fold needs. */
export interface FoldedCommit extends FoldedPosition {
  readonly subject: string;
  /** The log's time, ms. */
  readonly appendedAtMs: number;
}

export interface World {
  governance: GovernanceState;
  readonly load: ProviderLoad;
  readonly partitions: readonly PartitionState[];
  /** Last commit folded. */
  position: FoldedPosition | null;
}

export function newWorld(partitionCount: number): World {
  return {
    governance: initialGovernance,
    load: newProviderLoad(),
    partitions: Array.from({ length: partitionCount }, (_, index) => newPartition(index)),
    position: null,
  };
}

/** What is folded. */
export const foldedSubjects: readonly string[] = [
  subjects.job('*', '*'), subjects.webhook('*'), subjects.governance,
];

/** Folds one commit. Returns the partition it belongs to, null for governance. */
export function foldCommit(
  world: World, commit: FoldedCommit, news: FoldNews, events: readonly AnyEvent[],
): PartitionState | null {
  const state = ownerOf(world, commit.subject);
  if (state === 'governance') foldGovernance(world, commit, { events });
  else if (state !== null) foldPartition(world, state, { commit, events }, news);
  world.position = { sequence: commit.sequence, msgId: commit.msgId };
  return state === 'governance' ? null : state;
}

/** Whose a subject is; null for a partition that does not exist. */
export function ownerOf(world: World, subject: string): PartitionState | 'governance' | null {
  if (subject === subjects.governance) return 'governance';
  const partition = partitionOfSubject(subject);
  return partition === null ? null : world.partitions[partition] ?? null;
}

/**
 * A commit folded before is skipped. `quietly`: what a snapshot has learned of the providers stays.
 */
export function foldGovernance(
  world: World, commit: FoldedCommit,
  { events, quietly = false }: { readonly events: readonly AnyEvent[]; readonly quietly?: boolean },
): void {
  if (commit.sequence <= world.governance.sequence) return;
  world.governance = evolveGovernanceCommit(world.governance, events, commit.sequence);
  if (!quietly) for (const event of events) noteConfiguration(world.load, event);
}

function foldPartition(
  world: World, state: PartitionState,
  { commit, events }: { readonly commit: FoldedCommit; readonly events: readonly AnyEvent[] },
  news: FoldNews,
): void {
  const { sequence, appendedAtMs } = commit;
  const sides: FoldSides = {
    load: world.load, news,
    limitsOf: ({ tenant, submitted: { team, key } }) =>
      limitsOf(world.governance, { tenant, team, key }),
    rulesFor: (provider) => rulesOf(world.governance.providers.get(provider)?.health),
  };
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
