// Governance from the command line alone: a customer with a team and a key in it, limits that hold and
// are raised and lifted, a price; and what is wrong is refused as a whole.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startProviderSim } from '../tools/provider-sim/src/start';
import { bodyOf, call, chat } from './support/api';
import { eventually, type Holdfast, startHoldfast } from './support/holdfast';

const run = promisify(execFile);
const environment = { SIM_KEY: 'sk-sim' };

let sim: Awaited<ReturnType<typeof startProviderSim>>;
let holdfast: Holdfast;
let key = '';

beforeAll(async () => {
  sim = await startProviderSim({ port: 0 });
  holdfast = await startHoldfast({ env: environment, config: `
providers:
  - { id: sim, type: openai, base_url: "${sim.url}/p/sim/v1", api_key: env:SIM_KEY, models: [sim-small, sim-large] }
prices:
  - { provider: sim, model: sim-small, input_usd_per_mtok: 1, output_usd_per_mtok: 2 }
customers:
  - { id: filed, budgets: [{ limit_usd: 5, window: day }] }
` });
}, 180_000);
afterAll(async () => {
  await holdfast.stop();
  await sim.close();
}, 60_000);

/** What it prints. @throws what it says when it refuses. */
async function cli(...args: string[]): Promise<string> {
  const options = { env: { ...process.env, ...environment, HOLDFAST_ADMIN_TOKEN: holdfast.adminToken } };
  const { stdout } = await run(process.execPath, ['dist/tools/holdfast.js', ...args, '--data-dir', holdfast.dataDir], options);
  return stdout;
}
async function cliJson<T>(...args: string[]): Promise<T> {
  return JSON.parse(await cli(...args, '--json')) as T;
}
async function refusal(...args: string[]): Promise<string> {
  return cli(...args).then((printed) => `it was done: ${printed}`, (error: unknown) => (error as { stderr: string }).stderr);
}
/** What there is, by the API: what a command did is not told by another alone. */
const admin = async <T = object>(path: string): Promise<T> =>
  bodyOf<T>(await call(holdfast, `/admin/v1/${path}`, { headers: { authorization: `Bearer ${holdfast.adminToken}` } }));
const ask = (model = 'sim-small'): Promise<Response> =>
  call(holdfast, '/v1/chat/completions', { body: chat('Hi', model), headers: { authorization: `Bearer ${key}` } });
/** The edge decides at once, the router as soon as it has read the change. */
const answered = (status: number, model?: string): Promise<Response> =>
  eventually(`a ${status}`, async () => {
    const answer = await ask(model);
    return answer.status === status && answer;
  });
/** Passes requests on; whoever reads `path` through it has something else changed before the answer comes. */
async function changedAfterRead(path: string, change: object): Promise<{ url: string; close: () => void }> {
  const headers = { authorization: `Bearer ${holdfast.adminToken}` };
  const server = createServer((request, response) => {
    void (async () => {
      const answer = await call(holdfast, request.url ?? '', {
        method: request.method ?? 'GET', headers: { ...headers, ...ifMatch(request.headers) },
        ...(request.method === 'GET' ? {} : { body: JSON.parse(await text(request)) as unknown }),
      });
      if (request.method === 'GET') await call(holdfast, `/admin/v1/${path}`, { method: 'PATCH', headers, body: change });
      response.writeHead(answer.status, { etag: answer.headers.get('etag') ?? '' }).end(await answer.text());
    })();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => { server.close(); server.closeAllConnections(); } };
}
const ifMatch = ({ 'if-match': tag }: IncomingHttpHeaders): Record<string, string> => (tag === undefined ? {} : { 'if-match': tag });
const rows = (printed: string): string[][] => printed.trim().split('\n').map((line) => line.split(/ {2,}/));

describe('the command line', () => {
  it('makes a customer, a team and a key, and changes only what is named', async () => {
    await cli('customers', 'create', 'acme', '--name', 'Acme', '--time-zone', 'Europe/Berlin', '--weight', '2', '--max-tokens', '64', '--refuse', 'seed');
    await cli('teams', 'create', 'search', '--customer', 'acme', '--metadata', 'tier=gold', 'old=x', '--models', 'sim-*');
    key = (await cliJson<{ value: string }>('keys', 'create', '--id', 'searcher', '--customer', 'acme', '--team', 'search')).value;
    const [customer, team, listed] = await Promise.all([
      cliJson('customers', 'update', 'acme', '--max-tokens', '32'),
      cliJson('teams', 'update', 'search', '--name', 'Search', '--metadata', 'old='),
      cli('customers', 'list'),
    ]);
    expect(customer).toMatchObject({ name: 'Acme', weight: 2, time_zone: 'Europe/Berlin', params: { max_tokens: 32, refused: ['seed'] } });
    expect(team).toMatchObject({ customer: 'acme', name: 'Search', metadata: { tier: 'gold' }, models: ['sim-*'] });
    expect(rows(listed)).toContainEqual(['acme', '2', 'Europe/Berlin', 'Acme', 'active', '0', 'api']);
    await answered(200);
  }, 60_000);

  it('takes nothing from who was faster: a change of what was changed meanwhile is refused', async () => {
    const between = await changedAfterRead('teams/search', { metadata: { tier: 'gold', faster: '1' } });
    const told = await refusal('teams', 'update', 'search', '--metadata', 'slower=1', '--url', between.url);
    between.close();
    expect(told).toBe('412: Somebody else changed teams/search meanwhile; read it again, and decide again.\n');
    expect(await admin('teams/search')).toMatchObject({ metadata: { tier: 'gold', faster: '1' } });
    expect(await cliJson('teams', 'update', 'search', '--metadata', 'slower=1'))
      .toMatchObject({ metadata: { tier: 'gold', faster: '1', slower: '1' } });
  }, 60_000);

  it('sets a budget and a rate that hold, raises, ends and lifts them', async () => {
    const set = rows(await cli('limits', 'set', 'team', 'search', '--budget', '0.00001 per day', '50/month calendar', '--concurrent', '9'));
    expect(set).toEqual([
      ['of', 'before', 'after'], ['USD per day', '-', '0.00001'],
      ['USD per month calendar zone=Europe/Berlin', '-', '50'], ['concurrent', '-', '9'],
    ]);
    expect(await (await answered(402)).text()).toContain('budget_exceeded');
    const raise = ['budgets', 'raise', 'team', 'search', '--by', '1', '--until', '2100-01-01', '--window', 'day'];
    const { id } = await cliJson<{ id: string }>(...raise);
    const [shown] = await Promise.all([cli('limits', 'show', 'team', 'search'), answered(200)]);
    expect(shown).toContain(id);
    await cli('budgets', 'end-raise', 'team', 'search', id);
    await answered(402);
    expect(rows(await cli('limits', 'set', 'team', 'search', '--budget', 'none', '--rate', '2 requests/hour'))).toEqual([
      ['of', 'before', 'after'], ['USD per day', '0.00001', '-'],
      ['USD per month calendar zone=Europe/Berlin', '50', '-'], ['concurrent', '9', '9'], ['requests per hour', '-', '2'],
    ]);
    expect((await answered(429)).headers.get('retry-after')).toMatch(/^\d+$/);
    expect(rows(await cli('limits', 'lift', 'team', 'search'))).toContainEqual(['requests per hour', '2', '-']);
    await answered(200);
  }, 60_000);

  it('sets and removes a price, and shows what a call costs at it', async () => {
    const set = await cli('prices', 'set', 'sim/sim-large', '--input', '0', '--output', '0', '--per-request', '0.000000000123');
    expect(set).toMatch(/^ +input .*\nbefore +- .*\nafter +0 +0 +0 +0\.000000000123 +api\n$/);
    const cost = await eventually('the price', async () => (await ask('sim-large')).headers.get('holdfast-cost-usd'));
    expect(cost).toBe('0.000000000123');
    await cli('prices', 'remove', 'sim/sim-large');
    expect(await cli('prices', '--unknown')).toMatch(/^sim\/sim-large /m);
  }, 60_000);

  it('refuses what is wrong with how to mend it, and applies no half of it', async () => {
    const limits = ['limits', 'set', 'team', 'search', '--budget', '5 per day', '--rate'];
    const told = await Promise.all([
      refusal(...limits, '60 reqests/minute'),
      refusal(...limits, '60 requests/minute models=nothing-*'),
      refusal('limits', 'set', 'team', 'nobody', '--concurrent', '5'),
      refusal('limits', 'set', 'customer', 'filed', '--budget', '9 per day'),
    ]);
    expect(told[0]).toMatch(/^--rate "60 reqests\/minute": "reqests" is nothing that is counted; did you mean "requests"\? Write e\.g\./);
    expect(told[1]).toMatch(/^400: .*nothing-\*/);
    expect(told[2]).toMatch(/^404: .*nobody/);
    expect(told[3]).toMatch(/^409: limits\/customer\/filed comes from the configuration file/);
    const others = await Promise.all([
      refusal('teams', 'create', 'lost', '--customer', 'nobody', '--models', 'sim-small'),
      refusal('customers', 'update', 'lost', '--name', 'Lost'),
      refusal('customers', 'update', 'acme', '--name', 'New', '--denied-models', 'nothing-*'),
      refusal('customers', 'delete', 'acme'),
      refusal('prices', 'set', 'nobody/sim-large', '--input', '2.5', '--output', '1'),
    ]);
    expect(others.map((text) => text.split('\n')[0])).toEqual([
      '400: There is no customer "nobody".',
      'There is no customer "lost"; `holdfast customers create` makes one.',
      expect.stringMatching(/^400: denied_models: .*nothing-\*/),
      '409: customers/acme has team search, key searcher; remove or move them first, or suspend it.',
      '400: There is no provider "nobody"; there is sim.',
    ]);
    const [bounds, teams, acme] = await Promise.all([
      admin('limits/team/search'), admin<{ data: { team: string }[] }>('teams'), admin('customers/acme'),
    ]);
    expect(bounds).toMatchObject({ error: { code: 'not_found' } });
    expect(teams.data.map(({ team }) => team)).toEqual(['search']);
    expect(acme).toMatchObject({ name: 'Acme' });
    expect(acme).not.toHaveProperty('denied_models');
  }, 60_000);

  it('stops, resumes and removes them', async () => {
    expect(rows(await cli('teams', 'suspend', 'search', '--reason', 'unpaid'))).toContainEqual(['state', 'suspended (unpaid)']);
    expect(await (await answered(403)).text()).toContain('Team search is suspended: unpaid.');
    await cli('teams', 'resume', 'search');
    await answered(200);
    await cli('keys', 'revoke', 'searcher');
    expect(await cli('teams', 'delete', 'search')).toBe('team search is removed\n');
    expect(await cli('customers', 'delete', 'acme')).toBe('customer acme is removed\n');
  }, 60_000);
});
