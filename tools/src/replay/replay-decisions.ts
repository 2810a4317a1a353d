// Makes every past decision again and tells which come out differently; there must be none. Two
// passes over the log: the first notes what was decided at which place of the fold, the second folds
// and decides again there. So memory holds a line per decision and the fold, not the log.
import { createHash } from 'node:crypto';
import { type AlertData } from '@libs/events/alert-events';
import { type AnyEvent } from '@libs/events/envelope';
import { partitionOfSubject } from '@libs/events/subjects';
import { type Commit } from '@libs/log/log';
import { readableEvents } from '@libs/log/readable-events';
import { raiseAgain } from '@libs/routing/alerts/raise-again';
import { decideAgain, differences, type Outcome, type Remade } from '@libs/routing/decide-again';
import { type FoldNews, type PartitionState } from '@libs/routing/partition-state';
import { foldCommit, newWorld, type World } from '@libs/routing/world';
import { type IsWithin } from './range';

/** Hands over every commit of the log in order, up to where it ends now. */
export type ReadCommits = (onCommit: (commit: Commit) => void) => Promise<void>;

export interface DecisionDifference {
  readonly job: string;
  readonly sequence: number;
  readonly type: string;
  /** Fields with the value of then and of now. */
  readonly fields: readonly string[];
}

export interface DecisionsReplayed {
  readonly decisions: number;
  readonly routed: number;
  readonly deferred: number;
  /** Alerts. */
  readonly raised: number;
  readonly different: number;
  /** The first of them. */
  readonly differences: readonly DecisionDifference[];
  readonly commits: number;
  readonly seconds: number;
}

interface Noted extends Remade {
  readonly partition: number;
  readonly sequence: number;
  readonly line: number;
  readonly hash: string;
  /** What was raised; absent: it is a decision on a job. */
  readonly alert?: AlertData;
}

/** What came out otherwise, until the pass comes to where the log has it. */
interface Mismatch {
  readonly noted: Noted;
  readonly now: unknown;
}

const differencesShownMax = 20;

export async function replayDecisions(
  read: ReadCommits, partitionCount: number, isWithin: IsWithin,
  progress: (done: number, total: number) => void,
): Promise<DecisionsReplayed> {
  const startedAt = performance.now();
  const noted = await noteDecisions(read, isWithin);
  let total = 0;
  for (const list of noted.values()) total += list.length;
  const found: DecisionDifference[] = [];
  const mismatches = new Map<string, Mismatch>();
  const counts = { decisions: 0, routed: 0, deferred: 0, raised: 0, different: 0, commits: 0 };
  const world = newWorld(partitionCount);
  const again = (sequence: number): void => {
    for (const one of noted.get(sequence) ?? []) {
      counts.decisions += 1;
      checkOne(world, one, mismatches);
      if (counts.decisions % 1_000 === 0) progress(counts.decisions, total);
    }
    noted.delete(sequence);
  };
  again(0);
  await read((commit) => {
    const events = readableEvents(commit);
    counts.commits += 1;
    events.forEach((event, line) => {
      if (!isWithin(commit)) return;
      if (event.type === 'JobRouted') counts.routed += 1;
      else if (event.type === 'JobDeferred') counts.deferred += 1;
      else if (event.type === 'AlertRaised') counts.raised += 1;
      else if (event.type !== 'HoldWrittenOff' && event.type !== 'HoldReconciled') return;
      const mismatch = mismatches.get(`${commit.sequence}:${line}`);
      if (mismatch === undefined) return;
      mismatches.delete(`${commit.sequence}:${line}`);
      counts.different += 1;
      if (found.length < differencesShownMax) found.push(describe(commit, event, mismatch));
    });
    const news: FoldNews = { settled: [], verdicts: [], cancels: [] };
    foldCommit(world, commit, news, events);
    again(commit.sequence);
  });
  return {
    ...counts, differences: found, seconds: Math.round((performance.now() - startedAt) / 100) / 10,
  };
}

/** By the last sequence that the router had folded when it decided. */
async function noteDecisions(read: ReadCommits, isWithin: IsWithin): Promise<Map<number, Noted[]>> {
  const noted = new Map<number, Noted[]>();
  await read((commit) => {
    const partition = partitionOfSubject(commit.subject);
    if (partition === null || !commit.subject.endsWith('.routed') || !isWithin(commit)) return;
    readableEvents(commit).forEach((event, line) => {
      const remade = remadeOf(event);
      if (remade === null) return;
      const one: Noted = {
        ...remade, ...(event.type === 'AlertRaised' ? { alert: event.data } : {}), partition, sequence: commit.sequence, line, hash: hashOf(event.type, event.data),
      };
      const list = noted.get(one.seen);
      if (list === undefined) noted.set(one.seen, [one]);
      else list.push(one);
    });
  });
  return noted;
}

/** What making it again needs; null: it is no decision, or does not say from what it was made. */
function remadeOf(event: AnyEvent): Remade | null {
  const none = { job: event.subject, overlay: {}, reserved: [] };
  if (event.type === 'JobRouted') {
    const { seen, now_ms: nowMs, overlay = {}, reserved = [], output_estimate: estimate } = event.data;
    return {
      ...none, seen, nowMs, overlay, reserved,
      learnsLengths: estimate !== undefined, tellsRates: event.data.rates !== undefined,
    };
  }
  if (event.type === 'JobDeferred') {
    const { seen, now_ms: nowMs, reserved = [] } = event.data;
    return { ...none, seen, nowMs, reserved };
  }
  if (event.type === 'AlertRaised') {
    return { ...none, seen: event.data.seen, nowMs: event.data.now_ms };
  }
  if (event.type !== 'HoldWrittenOff' && event.type !== 'HoldReconciled') return null;
  const { seen, now_ms: nowMs, routing, request = null } = event.data;
  if (seen === undefined || nowMs === undefined) return null;
  return { ...none, seen, nowMs, hold: { routing, request } };
}

function checkOne(world: World, noted: Noted, mismatches: Map<string, Mismatch>): void {
  const state = world.partitions[noted.partition];
  const outcome = state === undefined ? { type: null, why: 'the log has no such partition' }
    : noted.alert === undefined ? decideAgain(world, state, noted)
      : raiseNow(world, state, { ...noted, alert: noted.alert });
  if (outcome.type !== null && hashOf(outcome.type, outcome.data) === noted.hash) return;
  mismatches.set(`${noted.sequence}:${noted.line}`, { noted, now: outcome });
}

function raiseNow(
  world: World, state: PartitionState, { job: id, alert, seen, nowMs }: Noted & { readonly alert: AlertData },
): Outcome {
  const { governance, load, partitions } = world;
  const tick = { governance, load, nowMs, seen, partitionCount: partitions.length };
  return raiseAgain(state, tick, { id, data: alert })
    ?? { type: null, why: 'nothing is to be raised at this place of the log' };
}

function describe(commit: Commit, event: AnyEvent, { now }: Mismatch): DecisionDifference {
  const { type, data } = event;
  return {
    job: event.subject, sequence: commit.sequence, type, fields: differences({ type, data }, now),
  };
}

/** The same for the same JSON, whatever the order of fields. */
function hashOf(type: string, data: object): string {
  return createHash('sha256').update(type).update(sortedJson(data)).digest('base64');
}

function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
