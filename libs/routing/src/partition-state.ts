// The state of one partition: a fold of its subjects, and nothing else. Job states are immutable
// values in a mutable map, so that a snapshot may keep them while the fold goes on.
import type { EventDraft } from '@libs/events/envelope';
import type { JobState, SettledJob } from '@libs/jobs/state';
import type { AlertLooks } from './alerts/alert-looks';
import { type AlertTable, newAlertTable } from './alerts/alert-table';
import type { FairQueue } from './fair-queue';
import type { IdempotencyTable, Verdict } from './idempotency';
import { type Holds, newHolds } from './holds/open-holds';
import type { KeyUse } from './key-uses';
import { type Ledger, newLedger } from './ledger/ledger';
import type { PlannedPart } from './ledger/parts';
import type { Place } from './provider-load';
import type { Timers } from './timers';

/** Counts up when the fold changes its meaning: an older snapshot is migrated or left. */
export const foldVersion = 8;

export interface PartitionState {
  readonly partition: number;
  /** The last elected router. */
  owner: { readonly router: string; readonly epoch: number; readonly sequence: number } | null;
  /** Last sequence of `events.job.<p>.routed`: what the next append there expects. */
  routedSequence: number;
  /** Jobs without an outcome, and settled ones whose webhook is not delivered yet. */
  readonly jobs: Map<string, JobState>;
  /** Jobs that ended, for a while, in the order they ended; forgotten from the front. */
  readonly ended: Map<string, EndedJob>;
  /** Ended jobs that are remembered for longer, since the end of a call was not learned. */
  readonly kept: Map<string, EndedJob>;
  readonly holds: Holds;
  /** When the oldest of them ended; null when there is none. */
  oldestEndedMs: number | null;
  /** Keyed submissions that are to be closed: duplicates and mismatches. */
  readonly verdicts: Map<string, Exclude<Verdict, { kind: 'accepted' }>>;
  readonly idempotency: IdempotencyTable;
  /** Jobs whose plan was exhausted and that were not decided since. */
  readonly exhausted: Set<string>;
  /** Webhook tries handed to the workers, by job, or of an alert by delivery. */
  readonly deliveriesUnderWay: Map<string, DeliveryUnderWay>;
  /** What is spent and held of the budgets and rates of this partition's customers. */
  readonly ledger: Ledger;
  /** By virtual key. */
  readonly uses: Map<string, KeyUse>;
  /** What was raised, and what may have to be. */
  readonly alerts: AlertTable;
  lateOutcomes: number;
  /** Events about jobs that are not known (any more). */
  strangers: number;
  /** The owner's lists; null while another router owns the partition. Not part of the state. */
  work: WorkLists | null;
}

export interface DeliveryUnderWay {
  readonly endpointId: string;
  /** The log's time of its `WebhookDue`. */
  readonly sinceMs: number;
}

/**
 * An ended job as text: it is hardly ever looked at again, and as objects it cost four times the
 * memory and, at thousands a second, a third of the time (collecting what lives for seconds).
 */
export interface EndedJob {
  /** The log's time. */
  readonly atMs: number;
  readonly text: string;
}

/** What happened in the fold that others want to know; drained by the service after each commit. */
export interface FoldNews {
  readonly settled: SettledJob[];
  readonly verdicts: { readonly job: JobState; readonly verdict: Verdict }[];
  /** Running jobs somebody wants canceled. */
  readonly cancels: JobState[];
}

/**
 * What the owner has to look at. Derived from the state alone, so it is built when a partition is
 * taken over and never saved. Decisions made and not folded yet are held here too (the overlay).
 */
export interface WorkLists {
  /** Jobs whose next decision may need no provider: cancel, expiry, verdict, deferral, refusal. */
  readonly urgent: Set<string>;
  readonly queue: FairQueue;
  readonly timers: Timers;
  readonly deciding: Map<string, Deciding>;
  /** Holds whose end is on its way into the log, by `job/routing`. */
  readonly holdsDeciding: Set<string>;
  /** What these will hold, by account of the ledger. */
  readonly reserved: Map<string, bigint>;
  /** Settled jobs with a delivery due, and alerts' deliveries, by endpoint. */
  readonly deliveries: Map<string, Set<string>>;
  /** When parked lanes are to be tried again even if nothing was freed. */
  parkedUntilMs: number;
  /** The load's version when lanes were last tried. */
  triedVersion: number;
  /** The governance's sequence then: a key may have been given more, or a provider added. */
  triedGovernance: number;
  /** When to look again for what is to be raised. */
  alerts: AlertLooks;
}

/** A decision on its way into the log. At most one per job, alert or alert's delivery at a time. */
export interface Deciding {
  readonly draft: EventDraft;
  /** What a routing counts against until it is folded. */
  readonly slot: Place | null;
  /** What it will hold in the ledger. */
  readonly parts?: readonly PlannedPart[];
}

export function newPartition(partition: number): PartitionState {
  return {
    partition, owner: null, routedSequence: 0, jobs: new Map(), verdicts: new Map(),
    ended: new Map(), oldestEndedMs: null, kept: new Map(), holds: newHolds(), idempotency: new Map(), exhausted: new Set(),
    deliveriesUnderWay: new Map(), ledger: newLedger(), uses: new Map(), alerts: newAlertTable(),
    lateOutcomes: 0,
    strangers: 0, work: null,
  };
}

/** The job, ended or not. */
export function findJob(state: PartitionState, id: string): JobState | undefined {
  const open = state.jobs.get(id);
  if (open !== undefined) return open;
  const ended = state.ended.get(id) ?? state.kept.get(id);
  return ended === undefined ? undefined : JSON.parse(ended.text) as JobState;
}
