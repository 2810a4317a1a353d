// A campaign that breaks off is a failure that leaves nothing behind.
import { expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { endedCleanly } from './ending';

async function end(work: () => Promise<string>, withinMs = 10_000) {
  const said: string[] = [];
  const taken = { down: 0 };
  const cleanup = { run: () => { taken.down += 1; return Promise.resolve(); } };
  const result = await endedCleanly({ work, cleanup, withinMs, say: (line) => said.push(line) });
  return { result, said: said.join('\n'), down: taken.down };
}

test('what ends by itself is left alone', async () => {
  expect(await end(() => Promise.resolve('done'))).toEqual({ result: 'done', said: '', down: 0 });
});

test('an error ends it, with its cause', async () => {
  const error = new Error('kill nats broke off', { cause: new Error('no such process') });
  const { result, said, down } = await end(() => Promise.reject(error));
  expect([result, down]).toEqual([null, 1]);
  expect(said).toMatch(/broke off: Error: kill nats broke off[^]*because: Error: no such process/);
});

test('what hangs ends after its time', async () => {
  const { result, said, down } = await end(() => sleep(60_000, 'late', { ref: false }), 20);
  expect([result, down]).toEqual([null, 1]);
  expect(said).toContain('it is not over after 0.02 s');
});
