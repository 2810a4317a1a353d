// Forgets old commits, in small steps so that the server stays responsive. For audit's user only,
// which knows what is archived and settled; each subject keeps its last commit.
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { type NatsConnection } from '@nats-io/transport-node';
import { streamName, subjects } from '@libs/events/subjects';
import { readLastOf } from './read-log';

export interface TrimOptions {
  /** The last sequence that may go. */
  readonly upTo: number;
  /** Wildcards whose subjects are trimmed; governance never is. */
  readonly subjects: readonly string[];
  /** Sequences per purge. 10,000 commits are some tens of megabytes to remove. */
  readonly step?: number;
  readonly pauseMs?: number;
  readonly signal?: AbortSignal;
}

/** The same over a service's own connection. */
export async function trimThrough(nc: NatsConnection, options: TrimOptions): Promise<number> {
  return trimLog(await jetstreamManager(nc, { checkAPI: false }), options);
}

/** Returns how many commits were removed. */
export async function trimLog(jsm: JetStreamManager, options: TrimOptions): Promise<number> {
  let removed = 0;
  for (const subject of await subjectsOf(jsm, options.subjects)) {
    if (subject === subjects.governance) continue;
    removed += await trimSubject(jsm, subject, options);
  }
  return removed;
}

async function subjectsOf(jsm: JetStreamManager, filters: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const filter of filters) {
    const { state } = await jsm.streams.info(streamName, { subjects_filter: filter });
    for (const subject of Object.keys(state.subjects ?? {})) found.add(subject);
  }
  return [...found].sort();
}

async function trimSubject(
  jsm: JetStreamManager, subject: string, options: TrimOptions,
): Promise<number> {
  const { upTo, step = 10_000, pauseMs = 20, signal } = options;
  const last = await readLastOf(jsm, subject);
  // A purge removes what is below its sequence: the last commit stays.
  const end = Math.min(upTo + 1, last?.sequence ?? 0);
  let removed = 0;
  while (signal?.aborted !== true) {
    const first = await jsm.direct.getMessage(streamName, { seq: 1, next_by_subj: subject });
    if (first === null || first.seq >= end) break;
    const { purged } = await jsm.streams.purge(streamName, {
      filter: subject, seq: Math.min(first.seq + step, end),
    });
    removed += purged;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return removed;
}
