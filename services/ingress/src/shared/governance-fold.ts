// The ingress's own fold of events.governance (the key table among it), and the only writer there:
// every change is decided against the fold and appended behind its last sequence.
import { type AnyEvent, type EventDraft, stamp } from '@libs/events/envelope';
import { subjects } from '@libs/events/subjects';
import { Fault } from '@libs/faults/faults';
import { evolveGovernanceCommit } from '@libs/governance/evolve';
import { type GovernanceState, initialGovernance } from '@libs/governance/state';
import { type EventLog, type Following } from '@libs/log/log';
import { readableEvents } from '@libs/log/readable-events';
import { newEventId } from '@libs/telemetry/ids';
import { type HttpRefusal, isRefusal } from './refusal';
import { withTimeZones } from './time-zone-drafts';

export type GovernanceDecision = readonly EventDraft[] | HttpRefusal;

export interface GovernanceChange {
  readonly drafts: readonly EventDraft[];
  readonly sequence: number;
}

/** What an administrator did, made of the changes of one commit, and put at its front. */
export type ActOf = (
  drafts: readonly EventDraft[], before: { readonly state: GovernanceState; readonly nowMs: number },
) => EventDraft;

/** Below a commit's bound of 256; an applied price list has more and goes in several commits. */
const draftsPerCommitMax = 200;
/** Each lost race means that another ingress wrote; ten in a row mean that something is wrong. */
const racesMax = 10;
/** Our own commit comes back within milliseconds; longer means that the log is away. */
const foldWaitMs = 5_000;

export class GovernanceFold {
  #state = initialGovernance;
  #following: Following | null = null;
  /** Ends when the change before has: of two at the same time one would lose its race, and of many most. */
  #turn: Promise<unknown> = Promise.resolve();
  readonly #waiting = new Set<{ sequence: number; resolve: () => void }>();

  constructor(
    private readonly log: EventLog,
    private readonly now: () => number,
    private readonly onStopped: (error: unknown) => void,
    /** Told of what was folded. */
    private readonly onEvents: (events: readonly AnyEvent[]) => void,
  ) {}

  get state(): GovernanceState {
    return this.#state;
  }

  /** Folds everything there is, and keeps following. */
  async start(): Promise<void> {
    this.#following = await this.log.follow({
      subjects: [subjects.governance],
      after: null,
      onCommit: (commit) => {
        const events = readableEvents(commit);
        this.#state = evolveGovernanceCommit(this.#state, events, commit.sequence);
        this.onEvents(events);
        this.#release();
      },
      onStopped: this.onStopped,
    });
    await this.#following.caughtUp();
  }

  async stop(): Promise<void> {
    await this.#following?.stop();
  }

  /**
   * Decides against the fold and appends; a lost race is decided again. Resolves once the own fold
   * has the change, so that the next request sees it. With `actOf`, each commit begins with the act
   * that it comes from: neither is in the log without the other.
   * @throws Fault log_unavailable, log_full, log_conflict
   */
  change(
    decide: (state: GovernanceState, nowMs: number) => GovernanceDecision,
    actOf: ActOf | null = null,
  ): Promise<GovernanceChange | HttpRefusal> {
    const changed = this.#turn.then(() => this.#change(decide, actOf));
    // Whoever asked for it is told of its fault; the next one has its own try.
    this.#turn = changed.catch(() => null);
    return changed;
  }

  async #change(
    decide: (state: GovernanceState, nowMs: number) => GovernanceDecision, actOf: ActOf | null,
  ): Promise<GovernanceChange | HttpRefusal> {
    for (let race = 0; race < racesMax; race += 1) {
      const state = this.#state;
      const nowMs = this.now();
      const decision = decide(state, nowMs);
      if (isRefusal(decision)) return decision;
      const drafts = withTimeZones(state, decision, nowMs);
      if (drafts.length === 0) return { drafts, sequence: state.sequence };
      const commits = inCommits(drafts, { state, nowMs }, actOf)
        .map((commit) => commit.map((draft) => stamp(draft, newEventId(), nowMs)));
      const sequence = await this.#append(commits, state.sequence);
      if (sequence !== null) return { drafts, sequence };
    }
    throw new Fault('log_conflict', 'governance was changed by others again and again');
  }

  /** null: the race was lost (before the first commit; later ones are ours to go on with). */
  async #append(commits: readonly AnyEvent[][], expected: number): Promise<number | null> {
    let last = expected;
    for (const events of commits) {
      const result = await this.log.appendFenced(subjects.governance, { events }, last);
      if (result.outcome === 'lost_race') {
        await this.#folded(result.lastSequence);
        return null;
      }
      last = result.sequence;
    }
    await this.#folded(last);
    return last;
  }

  async #folded(sequence: number): Promise<void> {
    if (this.#state.sequence >= sequence) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(entry);
        reject(new Fault('log_unavailable', `the fold has not reached sequence ${sequence}`));
      }, foldWaitMs);
      const entry = { sequence, resolve: () => { clearTimeout(timer); resolve(); } };
      this.#waiting.add(entry);
    });
  }

  #release(): void {
    for (const entry of this.#waiting) {
      if (this.#state.sequence < entry.sequence) continue;
      this.#waiting.delete(entry);
      entry.resolve();
    }
  }
}

function inCommits(
  drafts: readonly EventDraft[], before: Parameters<ActOf>[1], actOf: ActOf | null,
): EventDraft[][] {
  const commits: EventDraft[][] = [];
  for (let start = 0; start < drafts.length; start += draftsPerCommitMax) {
    const part = drafts.slice(start, start + draftsPerCommitMax);
    commits.push(actOf === null ? part : [actOf(part, before), ...part]);
  }
  return commits;
}
