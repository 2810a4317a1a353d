// This process's copy of the governance state: a fold of events.governance that others may wait for.
import { type AnyEvent } from '@libs/events/envelope';
import { evolveGovernanceCommit } from '@libs/governance/evolve';
import { type GovernanceState, initialGovernance } from '@libs/governance/state';
import { subjects } from '@libs/events/subjects';
import { type Commit, type EventLog, type Following } from '@libs/log/log';
import { readableEvents } from '@libs/log/readable-events';

export interface GovernanceFold {
  /** Replaced, never changed: identity tells whether anything happened since. */
  readonly state: GovernanceState;
  /** Resolves when `sequence` is folded, or after `timeoutMs` without it. */
  waitFor(sequence: number, timeoutMs: number): Promise<void>;
  stop(): Promise<void>;
}

/** Resolves once everything that is in the log now is folded. */
export async function foldGovernance(
  log: EventLog, onStopped: (error: unknown) => void,
  onEvents: (events: readonly AnyEvent[]) => void = () => undefined,
): Promise<GovernanceFold> {
  let state = initialGovernance;
  const waiters = new Set<() => void>();
  const onCommit = (commit: Commit): void => {
    const events = readableEvents(commit);
    state = evolveGovernanceCommit(state, events, commit.sequence);
    onEvents(events);
    for (const wake of waiters) wake();
  };
  const following: Following = await log.follow({
    subjects: [subjects.governance], after: null, onCommit, onStopped,
  });
  await following.caughtUp();
  return {
    get state() { return state; },
    waitFor: (sequence, timeoutMs) =>
      new Promise((resolve) => {
        const end = (): void => {
          clearTimeout(timer);
          waiters.delete(wake);
          resolve();
        };
        const timer = setTimeout(end, timeoutMs);
        const wake = (): void => {
          if (state.sequence >= sequence) end();
        };
        waiters.add(wake);
        wake();
      }),
    stop: () => following.stop(),
  };
}
