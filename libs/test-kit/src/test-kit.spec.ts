// The helpers that other tests rely on.
import { describe, expect, test } from '@jest/globals';
import { fixedClock, testEpochMs } from './clock';
import { specFor } from './given-when-then';
import { seededRandom } from './seeded-random';
import { waitFor } from './wait-for';

test('a clock stands still until it is moved', () => {
  const clock = fixedClock();
  clock.advance(1_500);
  expect([clock.now(), clock.iso()]).toEqual([testEpochMs + 1_500, '2026-01-01T00:00:01.500Z']);
});

describe('seeded randomness', () => {
  test('repeats itself for the same seed only', () => {
    const draw = (seed: number): number[] => {
      const random = seededRandom(seed);
      return [random.next(), random.next(), random.whole(1, 6)];
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  test('reaches both ends of a range and keeps every item of a list', () => {
    const random = seededRandom(1);
    const seen = new Set(Array.from({ length: 200 }, () => random.whole(1, 3)));
    expect([...seen].sort()).toEqual([1, 2, 3]);
    expect(random.shuffle([1, 2, 3, 4]).sort()).toEqual([1, 2, 3, 4]);
  });
});

describe('waiting', () => {
  test('ends with the first value, errors on the way forgiven', async () => {
    let calls = 0;
    const value = await waitFor(() => {
      calls += 1;
      if (calls === 1) throw new Error('not yet');
      return calls === 3 ? 'there' : null;
    }, { pollMs: 1 });
    expect(value).toBe('there');
  });

  test('gives up with the last error as the cause', async () => {
    const never = waitFor(() => { throw new Error('why'); }, { timeoutMs: 5, what: 'it' });
    await expect(never).rejects.toMatchObject({ message: /^it did not/, cause: { message: 'why' } });
  });
});

test('a decider is specified by history, command and events', () => {
  const given = specFor({
    decide: (by: number, total: number) => (total + by > 3 ? [] : [{ type: 'Added', by }]),
    evolve: (total: number, event: { type: string; by: number }) => total + event.by,
    initialState: () => 0,
  });
  given([{ type: 'Added', by: 1 }]).when(2).then([{ type: 'Added', by: 2 }]);
  given([{ type: 'Added', by: 2 }]).when(2).thenNothing();
});
