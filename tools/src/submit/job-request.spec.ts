// The words of `holdfast submit` and `holdfast jobs` as API requests.
import { describe, expect, test } from '@jest/globals';
import { listPath } from '../jobs/list-path';
import { jobRequest } from './job-request';

const endpoint = '/v1/chat/completions';

describe('a job from the command line', () => {
  test('is a chat with one message', () => {
    expect(jobRequest('Hi', null, { endpoint, model: 'chat' })).toEqual({
      endpoint, body: { model: 'chat', messages: [{ role: 'user', content: 'Hi' }] },
    });
  });

  test('is a whole body when one is given; --model replaces its model', () => {
    const body = { model: 'one', input: 'text' };
    expect(jobRequest(undefined, body, { endpoint, model: 'two' })['body'])
      .toEqual({ model: 'two', input: 'text' });
  });

  test('tells a webhook’s URL from an endpoint’s id, and keeps = in metadata', () => {
    const flags = { endpoint, model: 'm', webhook: 'https://x', metadata: ['a=b=c'] };
    expect(jobRequest('Hi', null, flags)).toMatchObject(
      { webhook: { url: 'https://x' }, metadata: { a: 'b=c' } });
    expect(jobRequest('Hi', null, { ...flags, webhook: 'whe_1' })).toMatchObject(
      { webhook: { endpoint_id: 'whe_1' } });
  });

  test('says what is missing', () => {
    expect(() => jobRequest(undefined, null, { endpoint })).toThrow('--body');
    expect(() => jobRequest('Hi', null, { endpoint })).toThrow('--model');
    expect(() => jobRequest('Hi', null, { endpoint, model: 'm', metadata: ['x'] }))
      .toThrow('name=value');
  });
});

test('a list of jobs is filtered by what was named', () => {
  expect(listPath({ limit: '5', status: 'failed', metadata: ['run=1'] }))
    .toBe('/v1/jobs?limit=5&status=failed&metadata%5Brun%5D=1');
});
