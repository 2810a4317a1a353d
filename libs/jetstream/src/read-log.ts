// Reads single commits of the stream, and its state.
import { type JetStreamManager, JetStreamApiError, type StoredMsg } from '@nats-io/jetstream';
import { streamName } from '@libs/events/subjects';
import { Fault } from '@libs/faults/faults';
import { type Commit, type LogState } from '@libs/log/log';
import { StoredCommit } from '@libs/log/stored-commit';
import { storedAtMs } from './stored-at';

/** The commit at a sequence; null when trimmed or not there yet. */
export async function readCommitAt(jsm: JetStreamManager, sequence: number): Promise<Commit | null> {
  if (sequence < 1) return null;
  const found = await asking(() => jsm.direct.getMessage(streamName, { seq: sequence }));
  // A replica may lag behind the leader: what it does not have is asked again from the leader.
  return found === null ? readFromLeader(jsm, { seq: sequence }) : commitOf(found);
}

/** The last commit of a subject (wildcards allowed), from the leader; null when there is none. */
export function readLastOf(jsm: JetStreamManager, subject: string): Promise<Commit | null> {
  return readFromLeader(jsm, { last_by_subj: subject });
}

/** The commit at a sequence as the leader has it. */
export async function readFromLeader(
  jsm: JetStreamManager, query: { readonly seq: number } | { readonly last_by_subj: string },
): Promise<Commit | null> {
  const found = await asking(() => jsm.streams.getMessage(streamName, query));
  return found === null ? null : commitOf(found);
}

export async function readState(jsm: JetStreamManager): Promise<LogState> {
  const { state, config } = await asking(() => jsm.streams.info(streamName));
  return {
    firstSequence: state.first_seq,
    messages: state.messages,
    lastSequence: state.last_seq,
    bytes: state.bytes,
    bytesMax: config.max_bytes,
  };
}

function commitOf(message: StoredMsg): Commit {
  return new StoredCommit({
    subject: message.subject,
    sequence: message.seq,
    msgId: message.header.get('Nats-Msg-Id'),
    appendedAtMs: storedAtMs(message.header, message.time.getTime()),
    bytes: message.data,
  });
}

/** A request that fails is a fault of the log; one that finds nothing is not. */
async function asking<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === 10037) return null as T;
    throw new Fault('log_unavailable', `the log did not answer: ${String(error)}`, { cause: error });
  }
}
