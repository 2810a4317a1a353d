// Makes a log of any length for the archive alone: jobs of many customers, teams, keys, models and
// providers, some of which fail, with what is rare among them, and bounds for the large customers. A
// function of the number.
import { randomUUID } from 'node:crypto';
import { type AnyEvent, stamp } from '@libs/events/envelope';
import { type JobSubject, partitionOf, subjects } from '@libs/events/subjects';
import { type JobState } from '@libs/jobs/state';
import { draftOf, entryLines } from '@libs/log/group-commit';
import { type Entry } from '@libs/log/log';
import { StoredCommit } from '@libs/log/stored-commit';
import { type Position } from '@libs/log/log';
import { writeBatch } from '@libs/postgres/archive-store';
import { type Database } from '@libs/postgres/database';
import {
  makeJob, routedEntry, settledEntry, submittedEntry,
} from '../../bench/src/growth/settled-jobs';
import { eventRows } from '../../services/audit/src/shared/event-rows';
import { project } from '../../services/audit/src/shared/projector';

/** As a busy ingress, router and worker commit: 3 events a job, some jobs a commit. */
const jobsPerCommit = 16;
const eventsPerGroup = jobsPerCommit * 3;
const startMs = Date.UTC(2026, 0, 1);
/** Ten million event lines are about seven weeks. */
const msPerJob = 1_200;
const oneRareIn = 5_000;
export const partitionCount = 4;
const largeCustomers = 7;

export class MadeLog {
  #sequence = 0;
  #jobs = 0;

  /** The commits of about `events` event lines, in log order. */
  next(events: number): StoredCommit[] {
    const commits: StoredCommit[] = this.#sequence === 0 ? [this.#bounds()] : [];
    for (let made = 0; made < events; made += eventsPerGroup) commits.push(...this.#group());
    return commits;
  }

  #group(): StoredCommit[] {
    const customer = customerOf(Math.floor(this.#jobs / jobsPerCommit));
    const jobs = Array.from({ length: jobsPerCommit }, () => {
      const number = this.#jobs++;
      return { number, job: makeJob(number, customer, startMs + number * msPerJob) };
    });
    const atMs = startMs + this.#jobs * msPerJob;
    const submittedAt = this.#sequence + 1;
    return [
      this.#commit(subjectOf(customer, 'submitted'), atMs, jobs.map(({ number, job }) =>
        dressed(submittedEntry(job), number))),
      this.#commit(subjectOf(customer, 'routed'), atMs, jobs.map(({ number, job }, line) =>
        dressed(routedEntry(job, { sequence: submittedAt, line }), number))),
      this.#commit(subjectOf(customer, 'settled'), atMs, jobs.map(({ number, job }) =>
        dressed(settledEntry(job), number))),
      ...jobs.some(({ number }) => number % oneRareIn === 0) ? [this.#rare(atMs)] : [],
    ];
  }

  #rare(atMs: number): StoredCommit {
    const event = stamp({
      type: 'AdminActed', subject: 'config', tenant: 'system',
      data: { actor: 'operator', act: 'apply', about: 'config', detail: {} },
    }, randomUUID(), atMs);
    return this.#commit(subjects.access, atMs, [{ events: [event], content: [] }]);
  }

  #bounds(): StoredCommit {
    const events = Array.from({ length: largeCustomers }, (_, number): AnyEvent => {
      const id = `customer-${number}`;
      return stamp({
        type: 'LimitsSet', subject: `customer/${id}`, tenant: id,
        data: {
          level: 'customer', id, max_concurrent: null, origin: 'file',
          budgets: [{
            limit_pico_usd: String(10n ** 18n), window: 'month', calendar: true, models: [], providers: [],
          }],
          rate_limits: [{ requests: 1_000_000, tokens: 100_000_000, window: 'hour', models: [] }],
        },
      }, randomUUID(), startMs);
    });
    return this.#commit(subjects.governance, startMs, [{ events, content: [] }]);
  }

  #commit(subject: string, appendedAtMs: number, entries: readonly Entry[]): StoredCommit {
    this.#sequence += 1;
    const { payload } = draftOf(entries.map(entryLines));
    return new StoredCommit({
      subject, sequence: this.#sequence,
      msgId: `made-${this.#sequence}`, appendedAtMs, bytes: payload,
    });
  }
}

function subjectOf(customer: string, kind: JobSubject): string {
  return subjects.job(partitionOf(customer, partitionCount), kind);
}

/** A few large customers and many small ones. */
function customerOf(group: number): string {
  return group % 8 === 7 ? `customer-${group % 401}` : `customer-${group % largeCustomers}`;
}

const models = 12;

function dressed(entry: Entry, number: number): Entry {
  const model = (Math.floor(number / jobsPerCommit) * 7) % models;
  const provider = `provider-${model % 5}`;
  return { ...entry, events: entry.events.map((event) => dress(event, { number, model: `model-${model}`, provider })) };
}

function dress(
  event: AnyEvent,
  { number, model, provider }: { readonly number: number; readonly model: string; readonly provider: string },
): AnyEvent {
  if (event.type === 'JobSubmitted') {
    const metadata = number % 4 === 0
      ? { purpose: `purpose-${number % 9}`, ticket: `T${Math.floor(number / 50)}` } : {};
    const [team, key] = [`${event.tenant}-team-${number % 2}`, `${event.tenant}-key-${number % 3}`];
    return { ...event, data: { ...event.data, key, team, metadata } };
  }
  if (event.type === 'JobRouted') {
    const plan = event.data.plan.map((one) => ({ ...one, provider, model }));
    return { ...event, data: { ...event.data, plan } };
  }
  if (event.type !== 'JobSucceeded') return event;
  const attempts = event.data.attempts.map((one) => ({ ...one, provider, model }));
  if (number % 211 !== 0) return { ...event, data: { ...event.data, attempts, provider, model } };
  const { routing, status, result } = event.data;
  const error = { class: 'server_error' as const, status: 500, message: 'failed' };
  const data = { routing, attempts, error, status, result };
  return { ...event, type: 'JobFailed', data };
}

export interface Written {
  readonly at: Position;
  readonly events: number;
  readonly seconds: number;
}

/** As the archiver does it; `indexed` false: as it would without events index and spend. */
export async function archiveMade(
  database: Database, commits: readonly StoredCommit[], after: Position, indexed: boolean,
): Promise<Written> {
  const startedAt = performance.now();
  const { rows, spend, states } = project(commits, new Map<string, JobState>());
  const events = commits.reduce((sum, commit) => sum + commit.events.length, 0);
  await writeBatch(database, {
    after, commits, objects: [], broken: [], rows,
    ...indexed ? { derived: { ...eventRows(commits, new Set(), (id) => states.get(id)), spend } } : {},
  });
  const last = commits.at(-1);
  const at = last === undefined ? after : { sequence: last.sequence, msgId: last.msgId };
  return { at, events, seconds: (performance.now() - startedAt) / 1_000 };
}
