// Questions that the read models answer: one job, lists, timelines, deliveries, the spend by day.
import type { AnyEvent } from '@libs/events/envelope';
import type { LinePosition } from '@libs/events/content';
import { parseEventLine, splitCommit } from '@libs/events/parse-commit';
import { linesPerCommitMax } from './archive-store';
import { type Database, openDatabase } from './database';
import { readSpend, type SpendQuestion, type SpendReport } from './spend-reads';

export interface JobQuery {
  readonly tenant: string;
  /** Restrict to what a team or one key may see; null: the whole customer. */
  readonly team: string | null;
  readonly key: string | null;
  readonly status: string | null;
  readonly model: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly limit: number;
  /** Job id; the page starts below it (lists go from new to old). */
  readonly after: string | null;
}

export interface ArchivedJob {
  readonly id: string;
  readonly tenant: string;
  readonly team: string | null;
  readonly key: string;
  /** A `JobState` of libs/jobs, as JSON. */
  readonly state: unknown;
}

export interface DeliveryRecord {
  readonly id: string;
  readonly job_id: string;
  readonly endpoint_id: string;
  readonly status: string;
  readonly tries: number;
  readonly next_at: number | null;
  readonly last_status: number | null;
  readonly last_message: string | null;
}

/** A commit that no build will ever read; its bytes are in the archive. */
export interface BrokenCommitRecord {
  readonly sequence: number;
  readonly subject: string;
  readonly size_bytes: number;
  readonly appended_at: number;
  readonly error: string;
}

export interface TimelineEntry {
  readonly position: LinePosition;
  readonly event: AnyEvent;
}

interface JobRecord {
  readonly id: string;
  readonly tenant: string;
  readonly team: string | null;
  readonly key: string;
  readonly state: string;
}

/** @throws Fault archive_unavailable from each question while PostgreSQL is away. */
export class JobReads {
  constructor(private readonly database: Database) {}

  async find(id: string): Promise<ArchivedJob | null> {
    const [row] = await this.database.query<JobRecord>(
      'SELECT id, tenant, team, key, state FROM jobs WHERE id = $1', [id],
    );
    return row === undefined ? null : archivedJob(row);
  }

  /** Newest first. */
  async list(query: JobQuery): Promise<ArchivedJob[]> {
    // A duplicate's caller was given the first job, which is in the list.
    const conditions = ['tenant = $1', "status <> 'duplicate'"];
    const values: unknown[] = [query.tenant];
    const add = (condition: (place: string) => string, value: unknown): void => {
      values.push(value);
      conditions.push(condition(`$${values.length}`));
    };
    if (query.team !== null) add((place) => `team = ${place}`, query.team);
    if (query.key !== null) add((place) => `key = ${place}`, query.key);
    if (query.status !== null) add((place) => `status = ${place}`, query.status);
    if (query.model !== null) add((place) => `model = ${place}`, query.model);
    if (query.after !== null) add((place) => `id < ${place}`, query.after);
    if (Object.keys(query.metadata).length > 0) {
      add((place) => `metadata @> ${place}::jsonb`, JSON.stringify(query.metadata));
    }
    values.push(query.limit);
    const rows = await this.database.query<JobRecord>(
      `SELECT id, tenant, team, key, state FROM jobs WHERE ${conditions.join(' AND ')}
       ORDER BY id DESC LIMIT $${values.length}`,
      values,
    );
    return rows.map(archivedJob);
  }

  /** Every archived event of a job, in log order. */
  async timeline(id: string): Promise<TimelineEntry[]> {
    const [row] = await this.database.query<{ positions: string[] }>(
      'SELECT positions FROM jobs WHERE id = $1', [id],
    );
    if (row === undefined) return [];
    const positions = row.positions.map(Number).map((value) => ({
      sequence: Math.floor(value / linesPerCommitMax), line: value % linesPerCommitMax,
    }));
    const commits = await this.database.query<{ sequence: string; bytes: Buffer }>(
      'SELECT sequence, bytes FROM commits WHERE sequence = ANY($1)',
      [[...new Set(positions.map((position) => position.sequence))]],
    );
    const lines = new Map(commits.map((commit) => [
      Number(commit.sequence), splitCommit(commit.bytes).eventLines,
    ]));
    return positions.flatMap((position) => {
      const text = lines.get(position.sequence)?.[position.line];
      return text === undefined ? [] : [{ position, event: parseEventLine(text, position.line) }];
    });
  }

  /** The archived text of a commit, null when it is not archived. */
  async commitText(sequence: number): Promise<string | null> {
    const [row] = await this.database.query<{ bytes: Buffer }>(
      'SELECT bytes FROM commits WHERE sequence = $1', [sequence],
    );
    return row === undefined ? null : row.bytes.toString('utf8');
  }

  /** Archived large content, null when it is not there. */
  async objectBytes(sha256: string): Promise<Uint8Array | null> {
    const [row] = await this.database.query<{ bytes: Buffer }>(
      'SELECT bytes FROM objects WHERE sha256 = $1', [sha256],
    );
    return row?.bytes ?? null;
  }

  /** How many jobs the archive has of a data subject, by its name. */
  async countOfSubject(name: string): Promise<number> {
    const [row] = await this.database.query<{ count: string }>(
      'SELECT count(*) AS count FROM jobs WHERE data_subject = $1', [name],
    );
    return Number(row?.count ?? 0);
  }

  /** Jobs given up after too many tries, newest first; of all customers where none is named. */
  async deadLetters(
    query: { readonly tenant: string | null; readonly limit: number; readonly after: string | null },
  ): Promise<ArchivedJob[]> {
    const rows = await this.database.query<JobRecord>(
      `SELECT id, tenant, team, key, state FROM jobs WHERE error_class = 'dead_letter'
         AND ($1::text IS NULL OR tenant = $1) AND ($2::text IS NULL OR id < $2)
       ORDER BY id DESC LIMIT $3`,
      [query.tenant, query.after, query.limit],
    );
    return rows.map(archivedJob);
  }

  /** Commits that cannot be read, newest first. */
  async brokenCommits(limit: number): Promise<BrokenCommitRecord[]> {
    return this.database.query<BrokenCommitRecord>(
      `SELECT sequence::float8 AS sequence, subject, size_bytes, error,
              floor(extract(epoch FROM appended_at))::float8 AS appended_at
       FROM broken_commits ORDER BY sequence DESC LIMIT $1`,
      [limit],
    );
  }

  async deliveries(
    query: { tenant: string; limit: number; after: string | null; id?: string },
  ): Promise<DeliveryRecord[]> {
    return this.database.query<DeliveryRecord>(
      `SELECT id, job_id, endpoint_id, status, tries,
              (extract(epoch FROM next_at))::float8 AS next_at, last_status, last_message
       FROM deliveries WHERE tenant = $1 AND ($3::text IS NULL OR id < $3)
         AND ($4::text IS NULL OR id = $4)
       ORDER BY id DESC LIMIT $2`,
      [query.tenant, query.limit, query.after, query.id ?? null],
    );
  }

  spend(question: SpendQuestion): Promise<SpendReport> {
    return readSpend(this.database, question);
  }

  close(): Promise<void> {
    return this.database.close();
  }
}

function archivedJob(row: JobRecord): ArchivedJob {
  return { ...row, state: JSON.parse(row.state) as unknown };
}

/** Opens the read side; connects on the first question. */
export function openJobReads(url: string, onError: (error: Error) => void): JobReads {
  // 5 s: a question of a client that waits; 8 connections serve lists, not the hot path.
  return new JobReads(openDatabase({ url, connectionsMax: 8, statementTimeoutMs: 5_000, onError }));
}
