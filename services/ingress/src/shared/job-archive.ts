// The port of old jobs: lists, timelines and whatever the routers no longer hold in memory.
import {
  type ArchivedJob, type BrokenCommitRecord, type DeliveryRecord, type JobQuery,
  type TimelineEntry,
} from '@libs/postgres/job-reads';
import { type SpendQuestion, type SpendReport } from '@libs/postgres/spend-reads';
import { Fault } from '@libs/faults/faults';

export type {
  ArchivedJob, DeliveryRecord, JobQuery, TimelineEntry,
} from '@libs/postgres/job-reads';

export interface DeliveryQuery {
  readonly tenant: string;
  readonly limit: number;
  readonly after: string | null;
  readonly id?: string;
}

export interface DeadLetterQuery {
  /** null: of every customer. */
  readonly tenant: string | null;
  readonly limit: number;
  readonly after: string | null;
}

/** Each question throws Fault archive_unavailable while the archive is away. */
export abstract class JobArchive {
  abstract find(id: string): Promise<ArchivedJob | null>;
  abstract list(query: JobQuery): Promise<ArchivedJob[]>;
  abstract timeline(id: string): Promise<TimelineEntry[]>;
  abstract deadLetters(query: DeadLetterQuery): Promise<ArchivedJob[]>;
  abstract brokenCommits(limit: number): Promise<BrokenCommitRecord[]>;
  abstract deliveries(query: DeliveryQuery): Promise<DeliveryRecord[]>;
  /** The text of an archived commit. */
  abstract commitText(sequence: number): Promise<string | null>;
  abstract countOfSubject(name: string): Promise<number>;
  abstract objectBytes(sha256: string): Promise<Uint8Array | null>;
  abstract spend(question: SpendQuestion): Promise<SpendReport>;
}

/** Where no database is configured. */
export class NoArchive extends JobArchive {
  find(): Promise<ArchivedJob | null> {
    return absent();
  }

  list(): Promise<never> {
    return absent();
  }

  timeline(): Promise<never> {
    return absent();
  }

  deadLetters(): Promise<never> {
    return absent();
  }

  brokenCommits(): Promise<never> {
    return absent();
  }

  deliveries(): Promise<never> {
    return absent();
  }

  commitText(): Promise<never> {
    return absent();
  }

  countOfSubject(): Promise<never> {
    return absent();
  }

  objectBytes(): Promise<never> {
    return absent();
  }

  spend(): Promise<never> {
    return absent();
  }
}

function absent(): Promise<never> {
  return Promise.reject(new Fault('archive_unavailable', 'no DATABASE_URL is configured'));
}
