// What the request headers mean, and what is said of wrong ones.
import { describe, expect, it } from '@jest/globals';
import { isRefusal } from './refusal';
import { parseOptions } from './request-options';

describe('request headers', () => {
  it('absent ones leave everything to the defaults', () => {
    expect(parseOptions({})).toEqual({
      idempotencyKey: null, respondAsync: false, waitS: null, webhook: null, priority: null,
      deadlineS: null, onDisconnect: null, metadata: {}, fallbacks: [], session: null, subject: null,
      overBudget: null,
    });
  });

  it.each([
    ['respond-async', { respondAsync: true, waitS: null }],
    ['wait=30', { respondAsync: false, waitS: 30 }],
    ['respond-async, wait=10', { respondAsync: false, waitS: 10 }],
    ['handling=lenient', { respondAsync: false, waitS: null }],
  ])('Prefer: %s', (prefer, meaning) => {
    expect(parseOptions({ prefer })).toMatchObject(meaning);
  });

  it('name endpoint or URL of a webhook, fallbacks and metadata', () => {
    expect(parseOptions({
      'holdfast-webhook': 'https://example.com/hook', 'holdfast-fallbacks': 'a/b, c/d/e',
      'holdfast-metadata': '{"user":"42"}', 'holdfast-deadline': '30',
      'holdfast-on-disconnect': 'continue', 'holdfast-priority': 'BATCH',
    })).toMatchObject({
      webhook: { kind: 'url', url: 'https://example.com/hook' }, fallbacks: ['a/b', 'c/d/e'],
      metadata: { user: '42' }, deadlineS: 30, onDisconnect: 'continue', priority: 'batch',
    });
  });

  it.each([
    ['prefer', 'wait=soon', 'Prefer'],
    ['prefer', 'wait=', 'Prefer'],
    ['holdfast-webhook', 'somewhere', 'holdfast-webhook'],
    ['holdfast-priority', 'high', 'holdfast-priority'],
    ['holdfast-deadline', '0', 'holdfast-deadline'],
    ['holdfast-deadline', '1.5', 'holdfast-deadline'],
    ['holdfast-on-disconnect', 'maybe', 'holdfast-on-disconnect'],
    ['holdfast-cache', 'yes', 'holdfast-cache'],
    ['holdfast-over-budget', 'ignore', 'holdfast-over-budget'],
    ['holdfast-metadata', '{"a":1}', 'holdfast-metadata'],
    ['holdfast-metadata', 'a=b', 'holdfast-metadata'],
    ['holdfast-fallbacks', 'gpt', 'holdfast-fallbacks'],
    ['idempotency-key', 'k'.repeat(256), 'Idempotency-Key'],
  ])('%s: %s is a 400 that names the header', (name, value, param) => {
    const refused = parseOptions({ [name]: value });
    expect(isRefusal(refused) && refused).toMatchObject({ status: 400, param });
  });
});
