// A delivered message as a commit, with what the server said about its delivery.
import { type Msg } from '@nats-io/transport-node';
import { StoredCommit } from '@libs/log/stored-commit';
import { type DeliveryInfo, parseAckSubject } from './ack-subject';
import { storedAtMs } from './stored-at';

export interface Delivered {
  readonly commit: StoredCommit;
  readonly info: DeliveryInfo;
}

export function deliveredCommit(message: Msg): Delivered {
  const info = parseAckSubject(message.reply ?? '');
  const commit = new StoredCommit({
    subject: message.subject,
    sequence: info.streamSequence,
    msgId: message.headers?.get('Nats-Msg-Id') ?? '',
    appendedAtMs: storedAtMs(message.headers, info.storedAtMs),
    bytes: message.data,
  });
  return { commit, info };
}
