// What an answer tells of its key's rate limits, over real HTTP with a scripted router.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type RateLeft } from '@libs/events/limits';
import { answerBody } from '../scripted-system';
import { chat, get, post, type SpecIngress, specAdminToken, startForSpecs } from '../start-for-specs';

let spec: SpecIngress;
beforeEach(async () => {
  spec = await startForSpecs();
});
afterEach(async () => {
  await spec.stop();
});

const path = '/v1/chat/completions';
const rate = (kind: RateLeft['kind'], left: number, inS = 30): RateLeft =>
  ({ kind, limit: 100, left, resets_at_ms: Date.now() + inS * 1_000 - 500 });
/** A little later than the rates were told. */
const soon = expect.stringMatching(/^(2\d|30)s$/) as unknown;
const of = ({ headers }: Response): Record<string, string> =>
  Object.fromEntries([...headers].filter(([name]) => name.includes('ratelimit')));
const left = (response: Response): string | null => response.headers.get('x-ratelimit-remaining-requests');
async function bound(): Promise<void> {
  await fetch(`${spec.url}/admin/v1/limits/key/bootstrap`, {
    method: 'PUT', headers: { authorization: `Bearer ${specAdminToken}` },
    body: JSON.stringify({ rate_limits: [{ requests: 100, window: 'minute' }] }),
  });
}
async function known(remaining: number): Promise<void> {
  const end = Date.now() + 20_000;
  while (left(await get(spec, '/v1/models')) !== String(remaining)) {
    if (Date.now() > end) throw new Error('nothing was told');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe('an answer of a bounded key', () => {
  it('tells what is left of each kind, under the names of OpenAI', async () => {
    spec.system.script = (submitted) => spec.system.succeed(submitted, answerBody, {
      rates: [rate('requests', 41), rate('tokens', 7_000), rate('input_tokens', 5), rate('output_tokens', 6)],
    });
    expect(of(await post(spec, path, chat))).toEqual({
      'x-ratelimit-limit-requests': '100', 'x-ratelimit-remaining-requests': '41', 'x-ratelimit-reset-requests': soon,
      'x-ratelimit-limit-tokens': '100', 'x-ratelimit-remaining-tokens': '7000', 'x-ratelimit-reset-tokens': soon,
      'x-ratelimit-limit-input-tokens': '100', 'x-ratelimit-remaining-input-tokens': '5', 'x-ratelimit-reset-input-tokens': soon,
      'x-ratelimit-limit-output-tokens': '100', 'x-ratelimit-remaining-output-tokens': '6', 'x-ratelimit-reset-output-tokens': soon,
    });
  });

  it('tells it under the names of Anthropic on their surface', async () => {
    spec.system.script = (submitted) => spec.system.succeed(submitted, '{}', { rates: [rate('input_tokens', 5)] });
    const body = { ...chat, max_tokens: 5 };
    const told = of(await post(spec, '/v1/messages', body, { 'anthropic-version': '2023-06-01' }));
    expect(told).toEqual({
      'anthropic-ratelimit-input-tokens-limit': '100', 'anthropic-ratelimit-input-tokens-remaining': '5',
      'anthropic-ratelimit-input-tokens-reset': expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    });
  });

  it('tells it with the first content of a stream', async () => {
    spec.system.script = async (submitted) => {
      const { subject: job, data: { call } } = submitted;
      spec.system.send(call.reply_to, {
        kind: 'delta', job, attempt: `att_${job.slice(4)}`, index: 0, event: null, rates: [rate('requests', 12)],
        data: '{"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}',
      });
      await spec.system.succeed(submitted, answerBody);
    };
    const response = await post(spec, path, { ...chat, stream: true });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    expect(left(response)).toBe('12');
    await response.text();
  });

  it('tells what was last known where it was refused before any decision', async () => {
    spec.system.script = (submitted) => spec.system.succeed(submitted, answerBody, { rates: [rate('requests', 9)] });
    await post(spec, path, chat);
    const broken = await post(spec, path, '{');
    expect([broken.status, left(broken)]).toEqual([400, '9']);
    expect(left(await get(spec, '/v1/jobs'))).toBe('9');
  });

  it('that is a 202 tells what the router was asked for meanwhile', async () => {
    await bound();
    spec.system.rates = [rate('requests', 77)];
    const response = await post(spec, path, chat, { prefer: 'respond-async' });
    expect(response.status).toBe(202);
    await known(77);
    expect(left(await post(spec, path, chat, { prefer: 'respond-async' }))).toBe('77');
  });

  it('waits for no router: while none answers it goes without', async () => {
    await bound();
    // Who waited for this answer would wait for ever.
    spec.signals.request = () => new Promise(() => undefined);
    const response = await post(spec, path, chat, { prefer: 'respond-async' });
    expect([response.status, of(response)]).toEqual([202, {}]);
  });

  it('tells nothing of a window that has ended since', async () => {
    spec.system.script = (submitted) => spec.system.succeed(submitted, answerBody, { rates: [rate('requests', 9, 0)] });
    expect(of(await post(spec, path, chat))).toEqual({});
  });
});

it('a key that nothing bounds is told nothing, and nobody is asked', async () => {
  expect(of(await post(spec, path, chat))).toEqual({});
  expect(spec.signals.sent.filter(({ text }) => text.includes('"rates"'))).toEqual([]);
});

describe('a 429', () => {
  const reject = (data: object): void => {
    spec.system.script = async (submitted) => {
      const sequence = await spec.system.append('routed', [{
        type: 'JobRejected', subject: submitted.subject, tenant: submitted.tenant,
        data: { reason: 'rate_limited', status: 429, message: 'no', errors: [], retry_after_s: null, ...data },
      }]);
      spec.system.send(submitted.data.call.reply_to, { kind: 'settled', job: submitted.subject, status: 'failed', sequence, line: 0 });
    };
  };
  const limit = {
    kind: 'input_tokens' as const, level: 'key' as const, id: 'k', window: 'minute' as const, limit: '100', spent: '60', held: '30', resets_at_ms: null,
  };

  it('tells when there is room, and what is left of the limit that was met and of the others', async () => {
    reject({ retry_after_s: 7, limit, rates: [rate('requests', 3), rate('input_tokens', 10)] });
    const response = await post(spec, path, chat);
    expect(response.headers.get('retry-after')).toBe('7');
    expect(of(response)).toMatchObject({
      'x-ratelimit-remaining-input-tokens': '10', 'x-ratelimit-reset-input-tokens': '7s', 'x-ratelimit-remaining-requests': '3',
    });
  });

  it('always has Retry-After; who can never fit is not to try again', async () => {
    reject({ limit });
    const response = await post(spec, path, chat);
    expect([response.status, response.headers.get('retry-after'), response.headers.get('x-should-retry')]).toEqual([429, '60', 'false']);
  });
});
