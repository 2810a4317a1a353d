// The owner of a partition while its appends fail: what stands in the log is not decided again.
import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { subjects } from '@libs/events/subjects';
import { Fault } from '@libs/faults/faults';
import { InMemoryLog } from '@libs/log/in-memory-log';
import type { Tick } from '@libs/routing/decide-partition';
import { given, ownedPartition, type Partition, submitted } from '@libs/routing/routing-for-specs';
import { Bodies } from '../shared/bodies';
import { OwnCommits } from '../shared/own-commits';
import { PartitionDecider } from './partition-decider';

const subject = subjects.job(0, 'routed');
const ignore = (): void => undefined;

test('a decision that was appended is not made again when the next append fails before it is folded (fault campaign, seed 13)', async () => {
  const { log, partition, clock, look, routed } = owner();
  given(partition, submitted('job_1'));
  await look();
  given(partition, submitted('job_2'));
  log.failing = new Fault('log_unavailable', 'the server restarts');
  await look();
  log.failing = null;
  clock.elapsedMs += 1_000;
  await look();
  await look();
  expect(await routed()).toEqual(['job_1']);
});

test('a clock set back does not lengthen the pause after a failed append (fault campaign, seed 15)', async () => {
  const { log, partition, clock, look, routed } = owner();
  given(partition, submitted('job_1'));
  log.failing = new Fault('log_full', 'no room');
  await look();
  log.failing = null;
  partition.nowMs -= 22_800;
  await look();
  expect(await routed()).toEqual([]);
  clock.elapsedMs += 300;
  await look();
  expect(await routed()).toEqual(['job_1']);
});

function owner() {
  const log = new InMemoryLog();
  const partition: Partition = ownedPartition();
  const { state, load } = partition;
  const clock = { elapsedMs: 0 };
  const decider = new PartitionDecider(state, {
    log, load, elapsed: () => clock.elapsedMs, bodies: new Bodies(), own: new OwnCommits(),
    logger: pino({ level: 'silent' }), wake: ignore,
    metrics: { decided: ignore, appended: ignore, lostRace: ignore, raised: ignore },
  });
  const look = async (): Promise<void> => {
    const { governance, nowMs, sequence: seen, room, workers } = partition;
    const tick: Tick = { load, governance, nowMs, seen, room, workers, abandonCap: 5, partitionCount: 1 };
    decider.look(tick);
    await decider.idle();
  };
  const routed = async (): Promise<string[]> => {
    const found: string[] = [];
    for (let sequence = 1; sequence <= (await log.state()).lastSequence; sequence += 1) {
      const commit = await log.readAt(sequence);
      found.push(...commit?.subject === subject ? commit.events.map(({ subject: job }) => job) : []);
    }
    return found;
  };
  return { log, partition, clock, look, routed };
}
