import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { describe, expect, test } from '@jest/globals';
import { surfaceError, surfaceErrorEvent } from './errors';
import { translateError } from './translate/errors';

const headers = new Headers({ 'x-request-id': 'job_1' });

describe('an error of ours', () => {
  test.each([
    [400, OpenAI.BadRequestError], [401, OpenAI.AuthenticationError],
    [403, OpenAI.PermissionDeniedError], [404, OpenAI.NotFoundError], [409, OpenAI.ConflictError],
    [422, OpenAI.UnprocessableEntityError], [429, OpenAI.RateLimitError],
    [503, OpenAI.InternalServerError],
  ])('with status %i is raised by the OpenAI SDK as its own class', (status, raised) => {
    const fields = { status, code: 'c', param: 'p', message: 'No.', jobId: 'job_1' };
    const body = JSON.parse(surfaceError('openai', fields)) as object;
    const error = OpenAI.APIError.generate(status, body, undefined, headers);
    expect(error).toBeInstanceOf(raised);
    expect(error).toMatchObject({ code: 'c', param: 'p', message: `${status} No.` });
  });

  test.each([
    [400, Anthropic.BadRequestError, 'invalid_request_error'],
    [401, Anthropic.AuthenticationError, 'authentication_error'],
    [403, Anthropic.PermissionDeniedError, 'permission_error'],
    [404, Anthropic.NotFoundError, 'not_found_error'],
    [429, Anthropic.RateLimitError, 'rate_limit_error'],
    [503, Anthropic.InternalServerError, 'overloaded_error'],
  ])('with status %i is raised by the Anthropic SDK as its own class', (status, raised, type) => {
    const fields = { status, code: 'budget', message: 'No.', jobId: 'job_1' };
    const body = JSON.parse(surfaceError('anthropic', fields)) as object;
    const error = Anthropic.APIError.generate(status, body, undefined, headers);
    expect(error).toBeInstanceOf(raised);
    expect(error).toMatchObject({ type, errorCode: 'budget', apiMessage: 'No.' });
    expect(body).toMatchObject({ request_id: 'job_1' });
  });

  test('in a stream is named as each SDK looks for it', () => {
    const fields = { status: 503, message: 'No.', jobId: null };
    expect(surfaceErrorEvent('openai', fields).event).toBeNull();
    expect(surfaceErrorEvent('anthropic', fields).event).toBe('error');
  });
});

describe("a provider's error", () => {
  const anthropic = '{"type":"error","error":{"type":"invalid_request_error",'
    + '"message":"prompt is too long: 9 > 8"}}';

  test('reaches a client of the same surface untouched', () => {
    const answer = { status: 400, body: anthropic };
    expect(translateError('anthropic', 'anthropic', answer)).toBe(anthropic);
  });

  test('reaches a client of the other surface in its own envelope', () => {
    expect(JSON.parse(translateError('anthropic', 'openai', { status: 400, body: anthropic })))
      .toEqual({ error: {
        message: 'prompt is too long: 9 > 8', type: 'invalid_request_error', param: null,
        code: 'context_length_exceeded',
      } });
    const openai = '{"error":{"message":"No such model","code":"model_not_found"}}';
    expect(JSON.parse(translateError('openai', 'anthropic', { status: 404, body: openai })))
      .toEqual({
        type: 'error', error: { type: 'not_found_error', message: 'No such model' },
      });
  });

  test('that is no envelope at all becomes one', () => {
    const answer = { status: 400, body: '<html>' };
    expect(JSON.parse(translateError('openai', 'openai', answer)))
      .toMatchObject({ error: { message: 'The provider answered 400.' } });
  });
});
