// A call that is late gets a second one beside it, at another candidate: the one whose content comes
// first answers, the other one is ended. Both are recorded; nothing of the one that lost gets out.
import { type Candidate } from '@libs/events/job-events';
import { type AttemptStart } from '../shared/attempt-record';
import { endedCall, type EndedCall } from './ended-call';
import { type BesideAnother, type WalkPorts } from './walk-ports';

export interface Hedge {
  readonly routing: number;
  readonly first: Candidate;
  readonly second: Candidate;
  readonly isStreamed: boolean;
  /** The second one starts when the first has said nothing for so long. */
  readonly afterMs: number;
}

/** The one or two calls that were made: the one that answers is the last, else in order of calling. */
export async function hedgedCall(hedge: Hedge, ports: WalkPorts): Promise<readonly EndedCall[]> {
  const race = new Race();
  try {
    const ended = await Promise.all([
      runIn(race, { hedge, ports, isSecond: false }),
      secondWhenLate(race, hedge, ports),
    ]);
    const calls = ended.filter((call) => call !== null);
    return race.winner === 0 ? calls.reverse() : calls;
  } finally {
    race.endAll();
  }
}

async function secondWhenLate(
  race: Race, hedge: Hedge, ports: WalkPorts,
): Promise<EndedCall | null> {
  await ports.pause(hedge.afterMs, race.decided.signal);
  if (race.decided.signal.aborted || ports.stopReason() !== null) return null;
  if (ports.isClosed(hedge.second)) return null;
  return runIn(race, { hedge, ports, isSecond: true });
}

interface Part {
  readonly hedge: Hedge;
  readonly ports: WalkPorts;
  readonly isSecond: boolean;
}

async function runIn(race: Race, { hedge, ports, isSecond }: Part): Promise<EndedCall> {
  const candidate = isSecond ? hedge.second : hedge.first;
  const attemptId = ports.newAttemptId();
  const start: AttemptStart = {
    attemptId, routing: hedge.routing, candidate, startedAtMs: ports.now(), isHedge: isSecond,
  };
  const { place, beside } = race.enter(isSecond);
  try {
    const outcome = await ports.call({ candidate, attemptId, beside });
    // Without a stream its content is its end.
    if (outcome.kind === 'succeeded') beside.wins();
    const isBeaten = race.winner !== null && race.winner !== place;
    // The second one began later: that it was beaten says little of it.
    const late = isSecond ? 'nothing' : hedge.isStreamed ? 'first_token' : 'answer';
    const call = endedCall(start, outcome, ports, isBeaten ? late : null);
    const isFree = outcome.kind === 'failed' && !outcome.mayHaveCost;
    const othersGoOn = race.size > 1 && race.winner === null && call.why === null;
    if (!isFree || !othersGoOn) return call;
    // The other one may go on for minutes; the router's health is to know now.
    ports.onFailed(call.attempt);
    return { ...call, isTold: true };
  } finally {
    // One that has failed in time is followed by the next candidate, not helped by a second call.
    race.decided.abort();
  }
}

/** Who answers, and the end of all others. */
class Race {
  /** Place of the one that answers. */
  winner: number | null = null;
  /** No second call is to start any more. */
  readonly decided = new AbortController();
  readonly #calls: AbortController[] = [];

  get size(): number {
    return this.#calls.length;
  }

  enter(isSecond: boolean): { readonly place: number; readonly beside: BesideAnother } {
    const own = new AbortController();
    const place = this.#calls.push(own) - 1;
    return { place, beside: { signal: own.signal, wins: () => this.#wins(place), isSecond } };
  }

  endAll(): void {
    for (const call of this.#calls) call.abort();
  }

  #wins(place: number): boolean {
    if (this.winner === null) {
      this.winner = place;
      this.decided.abort();
      for (const [index, call] of this.#calls.entries()) if (index !== place) call.abort();
    }
    return this.winner === place;
  }
}
