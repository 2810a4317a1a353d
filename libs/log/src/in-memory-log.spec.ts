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

it('entries of one turn leave together, those that come while they are in flight with the next commit', async () => {
  const log = new InMemoryLog();
  log.hold();
  const append = (id: string) => log.append('events.access', anEntry(id));
  const first = ['a', 'b'].map(append);
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  const later = ['c', 'd'].map(append);
  expect(log.commits).toHaveLength(0);
  log.release();
  const appended = await Promise.all([...first, ...later]);
  expect(appended.map(({ sequence }) => sequence)).toEqual([1, 1, 2, 2]);
});

it('a full log refuses', async () => {
  const log = new InMemoryLog({ bytesMax: 10 });
  await expect(log.append('events.access', anEntry())).rejects.toMatchObject({ code: 'log_full' });
});
