// What the commands about keys print, and how what they are given is read.
import { describe, expect, test } from '@jest/globals';
import { describeChanges } from '../supervisor/describe-changes';
import { keyBody } from './key-body';
import { type KeyLine, keysTable, keyText } from './key-text';
import { secondsOf } from '../shared/seconds-of';

const key: KeyLine = {
  id: 'k1', customer: 'acme', team: 'search', name: null, hint: 'hf_4f9a', state: 'active',
  expires_at: 1_893_456_000, last_used_at: 1_767_225_600, open_jobs: 2, models: ['chat'], metadata: {},
};

describe('keys', () => {
  test('are a table with state, end and last use', () => {
    const stopped = {
      ...key, id: 'k2', last_used_at: null, expires_at: null, open_jobs: 0,
      suspended_by: { level: 'team', id: 'search', reason: 'unpaid' },
    };
    const unknown = Object.fromEntries(Object.entries({ ...key, id: 'k3' }).filter(([name]) => !/last_used|open_jobs/.test(name)));
    expect(keysTable([key, stopped, unknown as KeyLine]).split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['id', 'customer', 'team', 'begins', 'state', 'expires', 'last used', 'open jobs'],
      ['k1', 'acme', 'search', 'hf_4f9a', 'active', '2030-01-01T00:00:00Z', '2026-01-01T00:00:00Z', '2'],
      ['k2', 'acme', 'search', 'hf_4f9a', 'stopped: team search is suspended (unpaid)', 'never', 'never', '0'],
      ['k3', 'acme', 'search', 'hf_4f9a', 'active', '2030-01-01T00:00:00Z', '?', '?'],
    ]);
  });

  test('show their value once, and what rules them', () => {
    const text = keyText({ ...key, value: 'hf_secret' });
    expect(text).toContain('models     ["chat"]');
    expect(text).not.toContain('metadata');
    expect(text).toMatch(/\n\nhf_secret\n\nThis is its value\. It is shown this once; keep it now\.$/);
    expect(keyText(key)).not.toContain('This is its value');
  });

  test('are made from flags', () => {
    expect(keyBody({ team: 'search', models: 'chat, gpt-*', maxTokens: '100', clamp: true, metadata: ['owner=ada=b'] }))
      .toEqual({ team: 'search', models: ['chat', 'gpt-*'], params: { max_tokens: 100, clamp: true }, metadata: { owner: 'ada=b' } });
    expect(() => keyBody({ metadata: ['owner'] })).toThrow('--metadata takes name=value');
  });

  test.each([['90s', 90], ['30m', 1_800], ['24h', 86_400], ['7d', 604_800], ['5', 5]])('%s are %i seconds', (text, seconds) => {
    expect(secondsOf(text)).toBe(seconds);
  });

  test('a length of time that is none is said to be none', () => {
    expect(() => secondsOf('a day')).toThrow('is no length of time; write 90s, 30m, 24h or 7d');
  });
});

test('a change is shown before and after; prices of a catalogue are only counted', () => {
  const change = (action: string, entity: string, id: string, fields: object[] = []) =>
    ({ action, entity, id, fields: fields as { field: string; before: unknown; after: unknown }[] });
  expect(describeChanges({
    changes: [
      change('create', 'key', 'k1', [{ field: 'models', before: null, after: ['chat'] }]),
      change('change', 'customer', 'acme', [{ field: 'weight', before: 1, after: 2 }, { field: 'name', before: 'A', after: null }]),
      change('remove', 'team', 't'), change('create', 'price', 'a/b'), change('create', 'price', 'a/c'),
    ],
    conflicts: [{ entity: 'key', id: 'x', message: 'key x was made by the API' }],
    cuts: [{ key: 'k2', last_used_at: 0, why: 'it would be removed' }],
  })).toEqual([
    'created key k1', '    models: ["chat"]', 'changed customer acme', '    weight: 1 → 2', '    name: A → -',
    'removed team t', 'created 2 prices', 'left as it is: key x was made by the API',
    'key k2 is in use (last at 1970-01-01T00:00:00.000Z): it would be removed',
  ]);
});
