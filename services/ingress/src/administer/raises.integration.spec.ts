// Limits in time zones and temporary raises through administration, over real HTTP.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { emptyConfig } from '@libs/governance/desired-config';
import { waitFor } from '@libs/test-kit/wait-for';
import { type SpecIngress, specAdminToken, startForSpecs } from '../start-for-specs';

let spec: SpecIngress;
beforeEach(async () => {
  spec = await startForSpecs();
});
afterEach(async () => {
  await spec.stop();
});

interface Answer { readonly status: number; readonly body: Record<string, unknown> & { error?: { message: string; param: string } } }

async function send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(`${spec.url}/admin/v1/${path}`, {
    method, headers: { authorization: `Bearer ${specAdminToken}`, 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() as Answer['body'] };
}
const budget = (more: object = {}): object => ({ limit_usd: 50, window: 'month', calendar: true, ...more });
const limits = (...budgets: object[]): Promise<Answer> => send('PUT', 'limits/key/bootstrap', { budgets });
const governance = () => spec.ingress.edge.governance.state;
const until = '2999-12-01T00:00:00.000Z';

describe('a time zone', () => {
  it('is in the log with its offsets before the budget that names it, once', async () => {
    await limits(budget({ time_zone: 'Europe/Berlin' }));
    const commit = await spec.log.lastOf('events.governance');
    expect(commit!.events.map(({ type }) => type)).toEqual(['AdminActed', 'TimeZoneSet', 'LimitsSet']);
    await limits(budget({ time_zone: 'Europe/Berlin', limit_usd: 60 }));
    expect((await spec.log.lastOf('events.governance'))!.events.map(({ type }) => type)).toEqual(['AdminActed', 'LimitsSet']);
    expect(governance().limits.get('key/bootstrap')!.zones.get('Europe/Berlin')!.length).toBeGreaterThan(20);
  });

  it('of a customer is that of its budgets that name none', async () => {
    await send('POST', 'customers', { id: 'acme', time_zone: 'Asia/Tokyo', budgets: [budget()] });
    expect((await send('GET', 'customers/acme')).body).toMatchObject({
      time_zone: 'Asia/Tokyo', budgets: [{ time_zone: 'Asia/Tokyo' }],
    });
  });

  it('that is none is refused, from a file of another client, too, and nothing is set', async () => {
    const { sequence } = governance();
    expect((await limits(budget({ time_zone: 'Mars/Olympus' }))).body.error!.message).toContain('"Mars/Olympus" is no time zone');
    const customer = { customer: 'acme', name: null, weight: 1 };
    const applied = await send('PUT', 'config', {
      ...emptyConfig, customers: [customer],
      limits: [{
        customer: 'acme', level: 'customer', id: 'acme', rate_limits: [], max_concurrent: null,
        budgets: [{ limit_pico_usd: '1', window: 'day', calendar: true, time_zone: 'Mars/Olympus', models: [], providers: [] }],
      }],
    });
    expect([applied.status, governance().sequence]).toEqual([400, sequence]);
  });

  it('is written anew when its database is newer here, and left alone when it is older', async () => {
    await limits(budget({ time_zone: 'Europe/Berlin' }));
    const known = governance().timeZones.get('Europe/Berlin')!;
    const releaseNow = (): string | undefined => governance().timeZones.get('Europe/Berlin')?.release;
    const rewritten = async (release: string): Promise<void> => {
      await spec.ingress.edge.governance.change(() => [
        { type: 'TimeZoneSet', subject: 'Europe/Berlin', tenant: 'system', data: { ...known, release } }]);
      spec.ingress.edge.timeZones.start();
      await limits(budget());
    };
    await rewritten('1999a');
    await waitFor(() => releaseNow() === known.release);
    await rewritten('9999z');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(releaseNow()).toBe('9999z');
  });
});

describe('a partial change', () => {
  const rate = { requests: 5, window: 'minute' };

  it('of limits leaves those that it does not name', async () => {
    await send('PUT', 'limits/key/bootstrap', {
      budgets: [budget({ alert_at: [90] })], rate_limits: [rate, { concurrent: 2, models: ['small'] }], max_concurrent: 9,
    });
    const one = { budgets: [{ limit_usd: '50', alert_at: [90] }], rate_limits: [rate, { concurrent: 2 }], max_concurrent: 7 };
    expect((await send('PATCH', 'limits/key/bootstrap', { max_concurrent: 7 })).body).toMatchObject(one);
    expect((await send('PATCH', 'keys/bootstrap', { rate_limits: [rate] })).body)
      .toMatchObject({ budgets: [{ limit_usd: '50' }], rate_limits: [rate], max_concurrent: 7 });
    await send('PATCH', 'limits/key/bootstrap', { rate_limits: [], max_concurrent: null });
    expect((await send('GET', 'limits/key/bootstrap')).body)
      .toMatchObject({ budgets: [{ limit_usd: '50' }], rate_limits: [], max_concurrent: null });
  });

  it('of a customer that names a limit leaves the others, and their time zone', async () => {
    await send('POST', 'customers', { id: 'acme', budgets: [budget()], rate_limits: [rate], max_concurrent: 4 });
    await send('PATCH', 'customers/acme', { time_zone: 'Asia/Tokyo', max_concurrent: null });
    const { body } = await send('GET', 'customers/acme');
    expect(body).toMatchObject({ time_zone: 'Asia/Tokyo', budgets: [{ limit_usd: '50' }], rate_limits: [rate], max_concurrent: null });
    expect((body.budgets as object[])[0]).not.toHaveProperty('time_zone');
    await send('PATCH', 'customers/acme', { budgets: [budget({ limit_usd: 60 })] });
    expect((await send('GET', 'customers/acme')).body)
      .toMatchObject({ budgets: [{ limit_usd: '60', time_zone: 'Asia/Tokyo' }], rate_limits: [rate] });
  });
});

describe('a raise', () => {
  it('is an event of its own with its end and its reason, beside the budget', async () => {
    await limits(budget());
    const made = await send('POST', 'limits/key/bootstrap/raises', { add_usd: 25.5, until, reason: 'launch' });
    expect([made.status, made.body]).toEqual([201, expect.objectContaining({ add_usd: '25.5', until, reason: 'launch' })]);
    const after = { budgets: [{ limit_usd: '50' }], raises: [{ add_usd: '25.5', reason: 'launch' }] };
    expect((await spec.log.lastOf('events.governance'))!.events).toMatchObject([
      { type: 'AdminActed', data: { actor: 'admin', act: 'BudgetRaised', about: 'limits/key/bootstrap', after } },
      { type: 'BudgetRaised' },
    ]);
    expect((await send('GET', 'limits/key/bootstrap')).body).toMatchObject({
      budgets: [{ limit_usd: '50' }], raises: [{ add_usd: '25.5', until }],
    });
  });

  it('may say what the limit is meanwhile, and which of several budgets it is of', async () => {
    await limits(budget(), budget({ window: 'day' }));
    const unclear = await send('POST', 'limits/key/bootstrap/raises', { limit_usd: 60, until });
    expect(unclear.body.error!.message).toBe('Several of its budgets fit; say which by budget, window, models or providers. There is 0: per month; 1: per day.');
    const made = await send('POST', 'limits/key/bootstrap/raises', { limit_usd: 60, until, window: 'day' });
    expect(made.body).toMatchObject({ add_usd: '10', budget: { window: 'day' } });
  });

  it('outlives a change of what it raises, and is ended early', async () => {
    await limits(budget());
    const { body: { id } } = await send('POST', 'limits/key/bootstrap/raises', { add_usd: 5, until });
    await limits(budget({ limit_usd: 70 }));
    expect(governance().limits.get('key/bootstrap')!.raises).toHaveLength(1);
    expect((await send('DELETE', `limits/key/bootstrap/raises/${String(id)}`)).status).toBe(200);
    expect(governance().limits.get('key/bootstrap')!.raises[0]!.until_ms).toBeLessThanOrEqual(Date.now());
    expect((await send('DELETE', `limits/key/bootstrap/raises/${String(id)}`)).status).toBe(404);
  });

  it.each([
    [{ add_usd: 5, until: '2020-01-01' }, 'until', '2020-01-01 is over'],
    [{ limit_usd: 50, until }, 'limit_usd', 'This is no raise'],
    [{ add_usd: -5, until }, 'add_usd', 'write an amount in USD that is not negative'],
    [{ add_usd: 5, limit_usd: 60, until }, '', 'needs either add_usd or limit_usd'],
    [{ add_usd: 5, until, window: 'year' }, 'budget', 'None of its budgets fit'],
  ])('%j is refused, and nothing is raised', async (body, _param, message) => {
    await limits(budget());
    const { sequence } = governance();
    const answer = await send('POST', 'limits/key/bootstrap/raises', body);
    expect([answer.status, answer.body.error!.message]).toEqual([400, expect.stringContaining(message)]);
    expect(governance().sequence).toBe(sequence);
  });

  it('of what somebody else changed since is refused', async () => {
    await limits(budget());
    const late = await send('POST', 'limits/key/bootstrap/raises', { add_usd: 5, until }, { 'if-match': '"0123456789abcdef"' });
    expect([late.status, governance().limits.get('key/bootstrap')!.raises]).toEqual([412, []]);
  });

  it('of what has no limits is not found', async () => {
    expect((await send('POST', 'limits/team/nobody/raises', { add_usd: 5, until })).status).toBe(404);
  });
});

describe('limits of the API that cannot be meant', () => {
  it.each([
    ['limits/team/serch', budget(), 'There is no team "serch". Did you mean "search"?'],
    ['limits/team/search', budget({ limit_usd: 0 }), 'budgets[0].limit_usd: a budget of 0 lets nothing pass'],
    ['limits/team/search', budget({ raise: { limit_usd: 90, until: '2020-01-01' } }), 'budgets[0].raise.until: 2020-01-01 is over'],
    ['limits/team/search', budget({ limit_eur: 5 }), 'limit_eur'],
  ])('%s %j', async (path, one, message) => {
    await send('POST', 'teams', { id: 'search' });
    const { sequence } = governance();
    const answer = await send('PUT', path, { budgets: [one] });
    expect([answer.status, answer.body.error!.message]).toEqual([400, expect.stringContaining(message)]);
    expect(governance().sequence).toBe(sequence);
  });

  it.each([
    ['PUT', 'limits/key/bootstrap', { budget: [budget()] }, 'There is no field "budget"; did you mean "budgets"?'],
    ['PUT', 'limits/key/bootstrap', {}, 'Name budgets, rate_limits or max_concurrent; an empty list or DELETE lifts them.'],
    ['PUT', 'limits/key/bootstrap', { budgets: [budget({ models: ['gtp-*'] })] }, 'budgets.0.models: "gtp-*" matches no model that a provider lists and no route'],
    ['PUT', 'limits/key/bootstrap', { budgets: [budget({ providers: ['sin'] })] }, 'budgets.0.providers: "sin" matches no provider; there is sim; did you mean "sim"?'],
    ['POST', 'keys', { rate_limits: [{ requests: 5, window: 'minute', models: ['gtp-*'] }] }, 'rate_limits.0.models: "gtp-*" matches no model'],
    ['PATCH', 'customers/default', { rate_limits: [{ concurrent: 5, models: ['gtp-*'] }] }, 'rate_limits: "gtp-*" matches no model'],
  ])('%s %s %j', async (method, path, body, message) => {
    await send('POST', 'providers', {
      id: 'sim', type: 'openai', base_url: 'http://127.0.0.1:9/v1', api_key: 'env:K', models: ['small', 'gpt-4o'],
    });
    await limits(budget());
    const { sequence } = governance();
    const answer = await send(method, path, body);
    expect([answer.status, answer.body.error!.message]).toEqual([400, expect.stringContaining(message)]);
    expect(governance().sequence).toBe(sequence);
  });

  it('two of the same are refused with the place of the second', async () => {
    const answer = await limits(budget(), budget({ limit_usd: 9 }));
    expect(answer.body.error).toMatchObject({ param: 'budgets[1]', message: expect.stringContaining('there is another budget') });
  });
});
