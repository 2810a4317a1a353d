// Leaves sequences of the stream empty that no commit has any more: the server counts messages one
// by one, so fillers are stored in their place and purged.
import { type JetStreamManager } from '@nats-io/jetstream';
import { type NatsConnection } from '@nats-io/transport-node';
import { streamName } from '@libs/events/subjects';
import { Fault } from '@libs/faults/faults';

/** Before the subjects of a stream that is being restored. */
export const restorePrefix = 'restore.';
export const fillerSubject = 'events.restore.filler';

/**
 * Sent without waiting for each, purged together: 89,000 fillers/s on a server that does not sync
 * each message (1,500/s where it does).
 */
const stepMax = 50_000;
const askEveryMs = 20;
const stalledAfterMs = 60_000;

/** Afterwards the next message stored has the sequence `to`. */
export async function closeGap(
  nc: NatsConnection, jsm: JetStreamManager, gap: { readonly from: number; readonly to: number },
): Promise<void> {
  for (let next = gap.from; next < gap.to;) {
    const count = Math.min(stepMax, gap.to - next);
    for (let index = 0; index < count; index += 1) nc.publish(restorePrefix + fillerSubject);
    await nc.flush();
    next += count;
    await untilStored(jsm, next - 1);
    await jsm.streams.purge(streamName, { filter: fillerSubject });
  }
}

/** @throws Fault log_unavailable when no more are stored, or more than were sent. */
async function untilStored(jsm: JetStreamManager, sequence: number): Promise<void> {
  let last = 0;
  let progressAt = performance.now();
  for (;;) {
    const { state } = await jsm.streams.info(streamName);
    if (state.last_seq === sequence) return;
    if (state.last_seq !== last) {
      last = state.last_seq;
      progressAt = performance.now();
    }
    if (last > sequence || performance.now() - progressAt > stalledAfterMs) {
      throw new Fault('log_unavailable', `the stream ends at ${last} and not at ${sequence}`);
    }
    await new Promise((resolve) => setTimeout(resolve, askEveryMs));
  }
}
