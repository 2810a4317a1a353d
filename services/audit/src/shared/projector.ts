// Derives the read models from commits: the fold of libs/jobs, kept as rows. The same for the live
// archive and for a rebuild, so that both give the same tables.
import { createHash } from 'node:crypto';
import { type Catalogue } from '@libs/events/catalogue';
import { type ContentRef, type LinePosition } from '@libs/events/content';
import { type AnyEvent } from '@libs/events/envelope';
import { evolve } from '@libs/jobs/evolve';
import { type JobState } from '@libs/jobs/state';
import { linesPerCommitMax } from '@libs/postgres/archive-store';
import {
  type DeliveryRow, type JobRow, type ReadModelRows, wasThere,
} from '@libs/postgres/read-model-rows';
import { type SpendRows } from '@libs/postgres/spend-rows';
import { attemptRows, goneAttempts, jobRow } from './rows';
import { SpendBook } from './spend';

/** What the projector needs of a commit. */
export interface ProjectedCommit {
  readonly sequence: number;
  readonly appendedAtMs: number;
  readonly events: readonly AnyEvent[];
}

export interface Projection {
  readonly rows: ReadModelRows;
  readonly spend: SpendRows;
  /** The touched states, for the cache of the next batch. */
  readonly states: ReadonlyMap<string, JobState>;
}

type Delivery = { -readonly [K in keyof DeliveryRow]: DeliveryRow[K] };

/** Ids of jobs whose state must be known before these commits can be projected. */
export function jobsNeeded(commits: readonly ProjectedCommit[]): Set<string> {
  const born = new Set<string>();
  const needed = new Set<string>();
  for (const event of jobEvents(commits)) {
    if (event.type === 'JobSubmitted') born.add(event.subject);
    else if (!born.has(event.subject)) needed.add(event.subject);
  }
  return needed;
}

/**
 * Writes with the states of the jobs that were not born in these commits; if one of the born was
 * there before (a submission that stands in the log twice), once more with the states of all.
 */
export async function projectTwice(
  commits: readonly ProjectedCommit[], write: (needed: ReadonlySet<string>) => Promise<void>,
): Promise<void> {
  try {
    await write(jobsNeeded(commits));
  } catch (error) {
    if (!wasThere(error)) throw error;
    await write(jobsNamed(commits));
  }
}

function jobsNamed(commits: readonly ProjectedCommit[]): Set<string> {
  return new Set([...jobEvents(commits)].map((event) => event.subject));
}

/** Projects commits onto the known states. Pure. */
export function project(
  commits: readonly ProjectedCommit[], known: ReadonlyMap<string, JobState>,
): Projection {
  const states = new Map<string, JobState>();
  const positions = new Map<string, bigint[]>();
  const notes = new Map<string, Pick<Delivery, 'lastStatus' | 'lastMessage'>>();
  const spend = new SpendBook(shortName);
  for (const commit of commits) {
    commit.events.forEach((event, line) => {
      if (event.type === 'ProviderProbed') spend.followProbe(event, commit.appendedAtMs);
      if (!isJobEvent(event)) return;
      const before = states.get(event.subject) ?? known.get(event.subject);
      const after = evolve(before, event, { sequence: commit.sequence, line });
      if (after === undefined) return;
      states.set(event.subject, after);
      spend.follow({ before, after }, commit.appendedAtMs);
      pushPosition(positions, event.subject, { sequence: commit.sequence, line });
      noteDelivery(notes, event);
    });
  }
  return { rows: rowsOf(states, { known, positions, notes }), spend: spend.rows, states };
}

/** 128 bits: names of different sums are never the same. */
function shortName(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}

/** Large content that these commits name, with the last of them: it is archived with them. */
export function objectsNamed(commits: readonly ProjectedCommit[]): Map<string, number> {
  const named = new Map<string, number>();
  for (const { sequence, events } of commits) {
    for (const ref of events.filter(isJobEvent).flatMap(contentRefs)) {
      if (ref.where === 'object') named.set(ref.sha256, sequence);
      if (ref.redacted?.where === 'object') named.set(ref.redacted.sha256, sequence);
    }
  }
  return named;
}

function contentRefs(event: AnyEvent): ContentRef[] {
  if (event.type === 'JobSubmitted') return [event.data.body];
  if (event.type === 'JobSucceeded') return [event.data.result];
  if (event.type === 'AttemptAbandoned') {
    const { continuation } = event.data;
    return continuation === undefined ? [] : [continuation.answer];
  }
  if (event.type === 'JobFailed') return event.data.result === null ? [] : [event.data.result];
  return [];
}

function* jobEvents(commits: readonly ProjectedCommit[]): Generator<AnyEvent> {
  for (const commit of commits) for (const event of commit.events) if (isJobEvent(event)) yield event;
}

function isJobEvent(event: AnyEvent): boolean {
  return event.subject.startsWith('job_');
}

function pushPosition(positions: Map<string, bigint[]>, job: string, at: LinePosition): void {
  const value = BigInt(at.sequence) * BigInt(linesPerCommitMax) + BigInt(at.line);
  const list = positions.get(job);
  if (list === undefined) positions.set(job, [value]);
  else list.push(value);
}

/**
 * The receiver's last word on a delivery: the last status it gave and the last message. A try without
 * a status keeps the one before, as the table does from batch to batch, so that the row is the same
 * however the log is cut into batches.
 */
function noteDelivery(
  notes: Map<string, Pick<Delivery, 'lastStatus' | 'lastMessage'>>, event: AnyEvent,
): void {
  if (event.type === 'WebhookDelivered') {
    const data: Catalogue['WebhookDelivered'] = event.data;
    notes.set(data.delivery, { lastStatus: data.status, lastMessage: 'delivered' });
    return;
  }
  if (event.type !== 'WebhookAttemptFailed' && event.type !== 'WebhookExhausted') return;
  const { delivery, message } = event.data;
  const status = event.type === 'WebhookAttemptFailed' ? event.data.status : null;
  const before = notes.get(delivery)?.lastStatus ?? null;
  notes.set(delivery, { lastStatus: status ?? before, lastMessage: message });
}

function rowsOf(
  states: ReadonlyMap<string, JobState>,
  context: {
    readonly known: ReadonlyMap<string, JobState>;
    readonly positions: ReadonlyMap<string, readonly bigint[]>;
    readonly notes: ReadonlyMap<string, Pick<Delivery, 'lastStatus' | 'lastMessage'>>;
  },
): ReadModelRows {
  const jobs: JobRow[] = [];
  const deliveries: DeliveryRow[] = [];
  const attempts = new Map<string, ReadModelRows['attempts'][number]>();
  const attemptsGone: string[] = [];
  const born = new Set<string>();
  for (const [id, state] of states) {
    if (!context.known.has(id)) born.add(id);
    jobs.push(jobRow(state, context.positions.get(id) ?? []));
    for (const row of attemptRows(state)) attempts.set(row.attemptId, row);
    attemptsGone.push(...goneAttempts(context.known.get(id), state));
    if (state.phase !== 'settled' || state.webhook === null) continue;
    const note = context.notes.get(state.webhook.delivery);
    deliveries.push({
      id: state.webhook.delivery,
      tenant: state.tenant,
      jobId: id,
      endpointId: state.webhook.endpointId,
      status: state.webhook.status,
      tries: state.webhook.tries,
      nextAtMs: state.webhook.nextAtMs,
      lastStatus: note?.lastStatus ?? null,
      lastMessage: note?.lastMessage ?? null,
    });
  }
  return { jobs, attempts: [...attempts.values()], deliveries, attemptsGone, born };
}
