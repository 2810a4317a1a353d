// How replies reach the ingresses that wait.
import { expect, test } from '@jest/globals';
import { InMemorySignalBus, InMemorySignals } from '@libs/signals/in-memory-signals';
import { decodeReplies, type ReplyMessage } from '@libs/signals/reply-messages';
import { ReplyOutbox } from './reply-outbox';

const delta = (index: number, data = 'x'): ReplyMessage =>
  ({ kind: 'delta', job: 'job_1', attempt: 'att_1', index, event: null, data });

function outbox(answers: readonly boolean[]) {
  const bus = new InMemorySignalBus();
  const batches: ReplyMessage[][] = [];
  const lost: number[] = [];
  new InMemorySignals(bus).subscribe('reply.ing', (text, _, respond) => {
    batches.push(decodeReplies(text));
    if (answers[batches.length - 1] !== false) respond?.('ok');
  });
  const sender = new ReplyOutbox(new InMemorySignals(bus), (messages) => void lost.push(messages));
  return { batches, lost, sender };
}

test('what is said to one ingress within a tick travels together, in order', async () => {
  const { batches, sender } = outbox([]);
  [0, 1, 2].forEach((index) => sender.send('ing', delta(index)));
  await sender.emptied();
  expect(batches).toEqual([[delta(0), delta(1), delta(2)]]);
});
test('a batch stays below what the server takes', async () => {
  const { batches, sender } = outbox([]);
  [0, 1, 2, 3].forEach((index) => sender.send('ing', delta(index, 'x'.repeat(200_000))));
  await sender.emptied();
  expect(batches.map((batch) => batch.length)).toEqual([2, 2]);
});
test('an unconfirmed batch is sent once more', async () => {
  const { batches, lost, sender } = outbox([false]);
  sender.send('ing', delta(0));
  await sender.emptied();
  expect(batches).toHaveLength(2);
  expect(lost).toEqual([]);
});
test('a batch that nobody confirms twice is given up and counted', async () => {
  const { batches, lost, sender } = outbox([false, false]);
  sender.send('ing', delta(0));
  sender.send('ing', delta(1));
  await sender.emptied();
  expect(batches).toHaveLength(2);
  expect(lost).toEqual([2]);
});
