// What the log knows of past traffic: requests, how calls ended, what was configured at the end.
import { type AttemptRecord } from '@libs/events/attempts';
import { type AnyEvent } from '@libs/events/envelope';
import { evolve } from '@libs/jobs/evolve';
import { type JobState, type SettledJob } from '@libs/jobs/state';
import { evolveGovernanceCommit } from '@libs/governance/evolve';
import { type GovernanceState, initialGovernance } from '@libs/governance/state';
import { type Commit } from '@libs/log/log';
import { readableEvents } from '@libs/log/readable-events';
import { newPast, type ProviderPast, rememberAttempt, sortPast } from '@libs/routing/simulate/provider-past';
import { type IsWithin } from '../replay/range';
import { type OnCommit } from '../replay/read-commits';

export interface PastTraffic {
  /** As they were submitted, in order. */
  readonly jobs: readonly JobState[];
  /** How those of them ended that have. */
  readonly settled: readonly SettledJob[];
  readonly past: ProviderPast;
  readonly governance: GovernanceState;
}

export async function readTraffic(
  read: (onCommit: OnCommit) => Promise<void>, isWithin: IsWithin,
): Promise<PastTraffic> {
  const reading: Reading = {
    jobs: [], states: new Map(), settled: [], past: newPast(), seen: new Set(),
    governance: initialGovernance,
  };
  await read((commit) => take(reading, commit, isWithin));
  sortPast(reading.past);
  return reading;
}

interface Reading {
  readonly jobs: JobState[];
  readonly states: Map<string, JobState>;
  readonly settled: SettledJob[];
  readonly past: ProviderPast;
  /** Attempt ids: an outcome names those of its routing again. */
  readonly seen: Set<string>;
  governance: GovernanceState;
}

function take(reading: Reading, commit: Commit, isWithin: IsWithin): void {
  const events = readableEvents(commit);
  if (commit.subject === 'events.governance') {
    reading.governance = evolveGovernanceCommit(reading.governance, events, commit.sequence);
    return;
  }
  const within = isWithin(commit);
  events.forEach((event, line) => {
    if (within) for (const attempt of attemptsIn(event)) remember(reading, attempt);
    follow(reading, event, { at: { sequence: commit.sequence, line }, within });
  });
}

function follow(
  { states, jobs, settled }: Reading, event: AnyEvent,
  where: { readonly at: { readonly sequence: number; readonly line: number }; readonly within: boolean },
): void {
  const before = states.get(event.subject);
  if (before === undefined && (event.type !== 'JobSubmitted' || !where.within)) return;
  const after = evolve(before, event, where.at);
  if (after === undefined) return;
  if (before === undefined) jobs.push(after);
  if (after.phase === 'settled' && before?.phase !== 'settled') settled.push(after);
  if (after.phase === 'settled' || after.phase === 'deduplicated') states.delete(event.subject);
  else states.set(event.subject, after);
}

function remember({ past, seen }: Reading, attempt: AttemptRecord): void {
  if (seen.has(attempt.attempt_id)) return;
  seen.add(attempt.attempt_id);
  rememberAttempt(past, attempt);
}

function attemptsIn({ data }: AnyEvent): readonly AttemptRecord[] {
  if ('attempts' in data) return data.attempts;
  return 'attempt' in data && data.attempt !== null ? [data.attempt] : [];
}
