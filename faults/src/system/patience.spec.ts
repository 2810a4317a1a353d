// The campaign asks again while the product is away, and not for ever.
import { expect, test } from '@jest/globals';
import { patiently } from './patience';

const impatient = { withinMs: 50, pauseMs: 1 };

function away(times: number): () => Promise<string> {
  let tries = 0;
  return () => {
    tries += 1;
    return tries > times ? Promise.resolve('here') : Promise.reject(new Error('ECONNREFUSED'));
  };
}

test('what is away for a while is asked again', async () => {
  expect(await patiently('a question', away(3), { withinMs: 10_000, pauseMs: 1 })).toBe('here');
});

test('what stays away is an error that says what was asked, and why', async () => {
  await expect(patiently('a question', away(Infinity), impatient)).rejects.toMatchObject({
    message: 'a question: not within 0.05 s', cause: { message: 'ECONNREFUSED' },
  });
});
