import { expect, it } from '@jest/globals';
import { Fault } from '@libs/faults/faults';
import { anEntry, describeLogContract } from '@libs/test-kit/log-contract';
import { InMemoryLog } from './in-memory-log';

describeLogContract('the log in memory', () => Promise.resolve(new InMemoryLog()));

it('a log told to fail refuses and stores nothing', async () => {
  const log = new InMemoryLog();
  log.failing = new Fault('log_unavailable', 'gone');
  await expect(log.append('events.access', anEntry())).rejects.toThrow('gone');
  log.failing = null;
  expect(log.commits).toHaveLength(0);
});

it('entries appended while one is held in flight leave together when it is released', async () => {
  const log = new InMemoryLog();
  log.hold();
  const all = ['a', 'b', 'c'].map((id) => log.append('events.access', anEntry(id)));
  await new Promise((resolve) => setImmediate(resolve));
  expect(log.commits).toHaveLength(0);
  log.release();
  expect((await Promise.all(all)).map(({ sequence }) => sequence)).toEqual([1, 2, 2]);
});

it('a full log refuses', async () => {
  const log = new InMemoryLog({ bytesMax: 10 });
  await expect(log.append('events.access', anEntry())).rejects.toMatchObject({ code: 'log_full' });
});
