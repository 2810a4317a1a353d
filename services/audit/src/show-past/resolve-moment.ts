// From what is asked for, a place or a time, to the commit that is folded up to.
import { type EventLog } from '@libs/log/log';
import { type Database } from '@libs/postgres/database';
import { firstMoment, type Moment, momentAt, momentOf } from '@libs/postgres/past-reads';
import { type AskState, type AuditRefused, type StatePending } from '@libs/signals/ask-audit';

export interface ResolvedMoment extends Moment {
  /** The time that windows and health are looked at: the one asked for, else that of the commit. */
  readonly nowMs: number;
}

export interface MomentTools {
  readonly database: Database;
  readonly log: Pick<EventLog, 'state'>;
  /** Last archived sequence. */
  readonly archived: () => number;
  readonly nowMs: () => number;
}

type Resolved = ResolvedMoment | AuditRefused | StatePending;

/** @throws Fault archive_unavailable, log_unavailable */
export async function resolveMoment(tools: MomentTools, at: AskState['at']): Promise<Resolved> {
  return 'sequence' in at ? bySequence(tools, at.sequence) : byTime(tools, at.timeMs);
}

async function bySequence(tools: MomentTools, sequence: number): Promise<Resolved> {
  if (sequence < 1) return refused('before_the_log', 'The log begins with commit 1.');
  const { lastSequence } = await tools.log.state();
  if (sequence > Math.max(lastSequence, tools.archived())) {
    return refused('in_the_future', `The log ends with commit ${lastSequence} now.`);
  }
  if (sequence > tools.archived()) return archiving(tools, sequence);
  const found = await momentOf(tools.database, sequence);
  if (found !== null) return { ...found, nowMs: found.atMs };
  return refused('not_archived', `Commit ${sequence} was trimmed from the log before it was archived.`);
}

/** A time has passed when a later commit is archived, or all that were there when it was over. */
async function byTime(tools: MomentTools, timeMs: number): Promise<Resolved> {
  const nowMs = tools.nowMs();
  if (timeMs > nowMs) {
    return refused('in_the_future', `It is ${new Date(nowMs).toISOString()} now.`);
  }
  const { lastSequence } = await tools.log.state();
  const archived = tools.archived();
  const head = await momentOf(tools.database, archived);
  if ((head === null || head.atMs <= timeMs) && archived < lastSequence) {
    return archiving(tools, lastSequence);
  }
  const found = await momentAt(tools.database, timeMs);
  if (found !== null) return { ...found, nowMs: timeMs };
  const first = await firstMoment(tools.database);
  return refused('before_the_log', first === null ? 'The log has no commit yet.'
    : `The archive begins at ${new Date(first.atMs).toISOString()}, with commit ${first.sequence}.`);
}

function archiving(tools: MomentTools, toSequence: number): StatePending {
  return {
    pending: { doing: 'archiving', at_sequence: tools.archived(), to_sequence: toSequence },
  };
}

function refused(reason: AuditRefused['refused'], message: string): AuditRefused {
  return { refused: reason, message };
}
