// Rules of choosing the next candidate.
import { describe, expect, test } from '@jest/globals';
import { candidate } from './test-jobs';
import { type IsClosed, pickCandidate, remainingAfter } from './pick-candidate';

const [a, b, c] = [candidate('a'), candidate('b'), candidate('c')];
const closed = (...providers: string[]): IsClosed => ({ provider }) => providers.includes(provider);

describe('the next candidate', () => {
  test('is the first one while its key is open', () => {
    expect(pickCandidate([a, b], closed())).toBe(a);
  });
  test('is not one whose key the health broadcast shows closed', () => {
    expect(pickCandidate([a, b, c], closed('a', 'b'))).toBe(c);
  });
  test('is the first one when all that are left are closed', () => {
    expect(pickCandidate([a, b], closed('a', 'b'))).toBe(a);
  });
  test('is none when the plan is at its end', () => {
    expect(pickCandidate([], closed())).toBeNull();
  });
});

describe('after a failure', () => {
  test('the candidate that failed is not called again', () => {
    expect(remainingAfter([a, b], a, 'server_error')).toEqual([b]);
  });
  test('an unknown model is not asked for under another key of the same provider', () => {
    const spare = { ...a, key: 'spare' };
    expect(remainingAfter([a, spare, b], a, 'model_not_found')).toEqual([b]);
    expect(remainingAfter([a, spare, b], a, 'rate_limited')).toEqual([spare, b]);
  });
});
