// Customers and teams on the command line: what flags become, and what is printed.
import { describe, expect, test } from '@jest/globals';
import { changeBody, entityBody } from './entity-body';
import { entitiesTable, entityText, type EntityShown } from './entity-text';

describe('a customer or a team', () => {
  test('is made from flags, and of those only', () => {
    expect(entityBody({})).toEqual({});
    expect(entityBody({
      name: 'Acme', weight: '1.5', timeZone: 'Europe/Berlin', models: 'chat, gpt-*', deniedModels: 'gpt-4.5*',
      providers: 'openai', deniedProviders: 'azure-*', maxTokens: '4000', temperature: '0..1.5',
      refuse: 'logit_bias,seed', clamp: true, metadata: ['tier=gold', 'note=a=b'],
    })).toEqual({
      name: 'Acme', weight: 1.5, time_zone: 'Europe/Berlin', models: ['chat', 'gpt-*'], denied_models: ['gpt-4.5*'],
      providers: ['openai'], denied_providers: ['azure-*'],
      params: { max_tokens: 4_000, temperature: { min: 0, max: 1.5 }, refuse: ['logit_bias', 'seed'], clamp: true },
      metadata: { tier: 'gold', note: 'a=b' },
    });
  });

  test('keeps the parameters and metadata that a change does not name', () => {
    const now = {
      params: { max_tokens: 100, temperature: { min: 0, max: 1 }, refused: ['seed'], clamp: true },
      metadata: { tier: 'gold', old: 'x' },
    };
    expect(changeBody({ maxTokens: '200', metadata: ['owner=ada', 'old='] }, now)).toEqual({
      params: { max_tokens: 200, temperature: { min: 0, max: 1 }, refuse: ['seed'], clamp: true },
      metadata: { tier: 'gold', owner: 'ada' },
    });
    expect(changeBody({ maxTokens: 'none', temperature: 'none', refuse: '', clamp: false }, now))
      .toEqual({ params: { refuse: [], clamp: false } });
    expect(changeBody({ name: '', models: '', timeZone: '' }, now)).toEqual({ name: null, models: [], time_zone: null });
  });

  test.each([
    [{ metadata: ['owner'] }, '--metadata takes name=value, not "owner".'],
    [{ maxTokens: '1e3' }, '--max-tokens 1e3: write a whole number above 0.'],
    [{ temperature: '1' }, '--temperature 1: write the lowest and the highest, e.g. 0..1, or none.'],
    [{ weight: '0' }, '--weight 0: write a number above 0, e.g. 2.'],
    [{ clamp: true }, '--clamp brings a request into bounds: name them by --max-tokens or --temperature.'],
    [{}, 'Say what changes'],
  ])('%j is refused with how it is written', (flags, why) => {
    expect(() => changeBody(flags, {})).toThrow(why);
  });
});

const acme: EntityShown = {
  customer: 'acme', name: 'Acme', weight: 2, time_zone: 'Europe/Berlin', state: 'active', origin: 'api',
  metadata: {}, denied_models: ['gpt-4.5*'], rate_limits: [], max_concurrent: 5,
  budgets: [{ limit_usd: '10', window: 'day', calendar: false, models: [], providers: [] }],
};
const lines = (text: string): string[][] => text.split('\n').map((line) => line.split(/ {2,}/));

test('customers and teams are tables with state and limits', () => {
  const plain: EntityShown = { customer: 'default', name: null, state: 'suspended', suspended_by: { reason: 'unpaid' }, origin: 'file' };
  expect(lines(entitiesTable('customer', [acme, plain]))).toEqual([
    ['id', 'weight', 'time zone', 'name', 'state', 'limits', 'from'],
    ['acme', '2', 'Europe/Berlin', 'Acme', 'active', '2', 'api'],
    ['default', '1', 'UTC', '-', 'suspended (unpaid)', '0', 'file'],
  ]);
  expect(lines(entitiesTable('team', [{ ...plain, team: 'search' }]))).toEqual([
    ['id', 'customer', 'name', 'state', 'limits', 'from'],
    ['search', 'default', '-', 'suspended (unpaid)', '0', 'file'],
  ]);
  expect(entitiesTable('team', [])).toBe('no teams');
});

test('one of them is shown with its rules and its limits', () => {
  expect(lines(entityText('customer', acme))).toEqual([
    ['customer', 'acme'], ['state', 'active'], ['name', 'Acme'], ['weight', '2'], ['time_zone', 'Europe/Berlin'],
    ['origin', 'api'], ['denied_models', '["gpt-4.5*"]'], ['limit', '10 USD per day'], ['limit', '5 concurrent'],
  ]);
});
