// Keys, teams and customers from outside, with the official client, curl and the command line: what is
// suspended, expired, rotated, denied, over a cap or mistyped is told so; a file that would cut a key in
// use is not applied; when a key was used is known after every process was killed.
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI, { APIError, AuthenticationError, BadRequestError, PermissionDeniedError } from 'openai';
import { startProviderSim } from '../tools/provider-sim/src/start';
import { chat, json } from './support/api';
import { eventually, type Holdfast, startHoldfast } from './support/holdfast';
import { ledger } from './support/sim';

const run = promisify(execFile);
const fileKey = 'hf-file-key-1234567890';
const environment = { SIM_KEY: 'sk-sim', FILE_KEY: fileKey };

let sim: Awaited<ReturnType<typeof startProviderSim>>;
let holdfast: Holdfast;
const config = (customers: string): string => `
providers:
  - { id: sim, type: openai, base_url: "${sim.url}/p/sim/v1", api_key: env:SIM_KEY, models: [sim-small, sim-large] }
routes:
  - { model: fast, targets: [{ provider: sim, model: sim-small }] }
prices:
  - { provider: sim, model: "*", input_usd_per_mtok: 1, output_usd_per_mtok: 2 }
customers:
${customers}`;
const file = `  - id: acme
    params: { max_tokens: 64 }
    denied_models: [sim-large]
    keys:
      - { id: in-file, value: env:FILE_KEY }
`;

beforeAll(async () => {
  sim = await startProviderSim({ port: 0 });
  holdfast = await startHoldfast({ config: config(file), env: environment });
}, 180_000);
afterAll(async () => {
  await holdfast.stop();
  await sim.close();
}, 60_000);

interface Key { id: string; value: string; state: string; last_used_at: number | null; open_jobs: number; suspended_by?: object }

/** The command line, as on the machine where `holdfast up` runs. */
async function cli<T = Key>(...args: string[]): Promise<T> {
  const { stdout } = await holdfastCli(...args, '--json');
  return JSON.parse(stdout) as T;
}
function holdfastCli(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return run(process.execPath, ['dist/tools/holdfast.js', ...args, '--data-dir', holdfast.dataDir], {
    env: { ...process.env, ...environment, HOLDFAST_ADMIN_TOKEN: holdfast.adminToken },
  });
}
const client = (apiKey: string): OpenAI => new OpenAI({ baseURL: `${holdfast.url}/v1`, apiKey, maxRetries: 0 });
const messages = [{ role: 'user' as const, content: 'Hi' }];
const ask = (key: string, more: object = {}): Promise<OpenAI.ChatCompletion> =>
  client(key).chat.completions.create({ model: 'fast', messages, max_tokens: 8, ...more });
async function failure(key: string, more: object = {}): Promise<APIError> {
  try {
    await ask(key, more);
  } catch (error) {
    if (error instanceof APIError) return error;
    throw error;
  }
  throw new Error('it was answered');
}
async function curl(key: string, body: object, route = '/v1/chat/completions'): Promise<{ status: number; text: string }> {
  const { stdout } = await run('curl', [
    '-s', '-i', '-X', 'POST', `${holdfast.url}${route}`, '-H', `Authorization: Bearer ${key}`,
    '-H', 'content-type: application/json', '-d', JSON.stringify(body),
  ]);
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(stdout)?.[1]), text: stdout };
}
async function adminPost(route: string, body: object): Promise<Response> {
  return fetch(`${holdfast.url}/admin/v1/${route}`, {
    method: 'POST', body: JSON.stringify(body),
    headers: { authorization: `Bearer ${holdfast.adminToken}`, 'content-type': 'application/json' },
  });
}

describe('a suspended team', () => {
  it('stops its keys at once, with 403 and why; its queued jobs wait and are not lost', async () => {
    await adminPost('teams', { id: 'search', customer: 'acme' });
    const key = await cli('keys', 'create', '--id', 'searcher', '--team', 'search');
    await ask(key.value);
    const later = Math.ceil(Date.now() / 1000) + 5;
    const queued = await curl(key.value, { endpoint: '/v1/chat/completions', body: chat('later', 'fast'), run_at: later }, '/v1/jobs');
    expect(queued.status).toBe(202);
    const id = /job_[0-9a-f-]+/.exec(queued.text)?.[0] ?? '';
    await holdfastCli('suspend', 'team/search', '--reason', 'unpaid since March');
    const told = await failure(key.value);
    expect(told).toBeInstanceOf(PermissionDeniedError);
    expect([told.code, told.message]).toEqual(['suspended', '403 Team search is suspended: unpaid since March.']);
    expect((await curl(key.value, chat('x', 'fast'))).status).toBe(403);
    expect(await cli('keys', 'show', 'searcher')).toMatchObject({ suspended_by: { level: 'team', id: 'search' } });
    // Its time comes while the team is stopped: nothing is called.
    const served = (await ledger(sim.url)).length;
    await sleep(7_000);
    expect((await ledger(sim.url)).length).toBe(served);
    await holdfastCli('resume', 'team/search');
    await ask(key.value);
    await eventually('the queued job', async () => {
      const job = await fetch(`${holdfast.url}/v1/jobs/${id}`, { headers: { authorization: `Bearer ${key.value}` } });
      return (await json<{ status: string }>(job)).status === 'succeeded';
    });
  }, 60_000);
});

describe('a key', () => {
  it('that has expired is told when, and is extended from the command line', async () => {
    const until = new Date(Date.now() + 12_000).toISOString();
    const key = await cli('keys', 'create', '--id', 'short', '--customer', 'acme', '--expires', until);
    await ask(key.value);
    await sleep(Math.max(0, Date.parse(until) - Date.now()) + 100);
    const told = await failure(key.value);
    expect(told).toBeInstanceOf(AuthenticationError);
    expect([told.code, told.message]).toEqual(['expired_api_key', `401 This API key expired at ${until}.`]);
    expect((await curl(key.value, chat('x', 'fast'))).text).toContain(until);
    expect((await cli('keys', 'extend', 'short', '--until', 'never')).state).toBe('active');
    await ask(key.value);
  }, 60_000);

  it('that is rotated works with both values during the overlap, then with the new one alone', async () => {
    const old = await cli('keys', 'create', '--id', 'turning', '--customer', 'acme');
    const fresh = await cli('keys', 'rotate', 'turning', '--overlap', '12s');
    const untilMs = Date.now() + 12_000;
    await Promise.all([ask(old.value), ask(fresh.value)]);
    expect((await holdfastCli('keys', 'show', 'turning')).stdout).toContain('old value until');
    await sleep(untilMs - Date.now() + 200);
    expect((await failure(old.value)).code).toBe('rotated_api_key');
    expect((await curl(old.value, chat('x', 'fast'))).status).toBe(401);
    await ask(fresh.value);
  }, 60_000);

  it('may not use what its customer denies, by no name', async () => {
    const told = await failure(fileKey, { model: 'sim-large' });
    expect(told).toBeInstanceOf(PermissionDeniedError);
    expect(told.message).toContain('This key may not use the model "sim-large": customer acme denies sim-large.');
    expect((await curl(fileKey, chat('x', 'sim/sim-large'))).status).toBe(403);
    const models = (await client(fileKey).models.list()).data.map(({ id }) => id);
    expect(models).toEqual(expect.arrayContaining(['fast', 'sim-small']));
    expect(models).not.toContain('sim-large');
  }, 60_000);

  it('may not ask for more than the cap, and gets the cap where it names none', async () => {
    const told = await failure(fileKey, { max_tokens: 65 });
    expect(told).toBeInstanceOf(BadRequestError);
    expect([told.param, told.message]).toEqual(['max_tokens',
      "400 'max_tokens' of 65 is over the cap of 64 tokens of customer acme. Ask for at most 64."]);
    const answer = await client(fileKey).chat.completions.create({ model: 'fast', messages });
    expect(answer.usage!.completion_tokens).toBeLessThanOrEqual(64);
    const clamped = await cli('keys', 'create', '--id', 'clamped', '--customer', 'acme', '--max-tokens', '16', '--clamp');
    const answered = await curl(clamped.value, { ...chat('x', 'fast'), max_tokens: 60 });
    expect(answered.status).toBe(200);
    expect(answered.text.toLowerCase()).toContain('holdfast-clamped-params: max_tokens');
    const { data, response } = await client(clamped.value).chat.completions
      .create({ model: 'fast', messages, max_tokens: 60, stream: true }).withResponse();
    for await (const chunk of data) expect(chunk.choices.length).toBeLessThanOrEqual(1);
    expect(response.headers.get('holdfast-clamped-params')).toBe('max_tokens');
  }, 60_000);

  it('that was mistyped is told so; a scanner finds it by the documented expression', async () => {
    const { value } = await cli('keys', 'create', '--id', 'found', '--customer', 'acme');
    expect(`KEY=${value}\n`).toMatch(/\bhf_[0-9A-Za-z]{49}\b/);
    const slip = `${value.slice(0, 30)}${value[30] === 'Q' ? 'R' : 'Q'}${value.slice(31)}`;
    const told = await failure(slip);
    expect([told.status, told.code]).toEqual([401, 'malformed_api_key']);
    expect((await curl(slip, chat('x', 'fast'))).text).toContain('checksum');
    await holdfastCli('keys', 'revoke', 'found');
    expect((await failure(value)).code).toBe('revoked_api_key');
  }, 60_000);
});

describe('a configuration', () => {
  const write = (customers: string): Promise<void> =>
    writeFile(path.join(holdfast.dataDir, 'holdfast.yaml'), config(customers));
  const apply = (...flags: string[]): Promise<{ stdout: string; stderr: string }> =>
    holdfastCli('apply', path.join(holdfast.dataDir, 'holdfast.yaml'), ...flags);

  it('that would cut a key in use is not applied by the watcher, nor by hand, unless it is forced', async () => {
    await ask(fileKey);
    await write(`  - id: acme\n    denied_models: [sim-large]\n`);
    await eventually('the watcher’s word', async () =>
      Promise.resolve(/not applied, the former configuration stays:\n.*key in-file is in use/.test(holdfast.output())));
    const dry = await apply('--dry-run');
    expect(dry.stdout).toMatch(/changed customer acme\n {4}params: .*64.* → -\n/);
    expect(dry.stdout).toMatch(/removed key in-file\n/);
    expect(dry.stdout).toMatch(/key in-file is in use \(last at .*\): it would be removed/);
    const tried = await apply().then(() => 'applied', (error: unknown) => (error as { stderr: string }).stderr);
    expect(tried).toMatch(/^Nothing was applied: key in-file is in use \(last at 20/);
    await ask(fileKey);
    expect((await apply('--force')).stdout).toContain('removed key in-file');
    expect((await failure(fileKey)).code).toBe('revoked_api_key');
  }, 60_000);

  it('is applied by the watcher where it cuts nothing, and shown with its fields', async () => {
    await write(`  - id: acme\n    denied_models: [sim-large]\n    metadata: { tier: gold }\n    keys: [{ id: in-file, value: env:FILE_KEY }]\n`);
    await eventually('the change', () => ask(fileKey).then(() => true, () => false));
    await eventually('its word', async () => Promise.resolve(holdfast.output().includes('metadata: - → {"tier":"gold"}')));
  }, 60_000);
});

describe('when a key was last used', () => {
  it('is shown to the second, and known after the router was killed', async () => {
    const { value } = await cli('keys', 'create', '--id', 'watched', '--customer', 'acme');
    expect(await cli('keys', 'show', 'watched')).toMatchObject({ last_used_at: null, open_jobs: 0 });
    const fromS = Math.floor(Date.now() / 1000);
    await ask(value);
    const atS = await eventually('its use', async () => (await cli('keys', 'show', 'watched')).last_used_at);
    expect(atS).toBeGreaterThanOrEqual(fromS);
    expect(atS).toBeLessThanOrEqual(Math.floor(Date.now() / 1000));
    await holdfast.signal('router', 'SIGKILL');
    const again = await eventually('its use again', async () =>
      (await cli<Key[]>('keys', 'list')).find(({ id }) => id === 'watched')?.last_used_at, 60_000);
    expect(again).toBe(atS);
    expect((await holdfastCli('keys', 'list')).stdout).toMatch(/^id +customer +team +begins +state +expires +last used +open jobs\n/);
  }, 120_000);
});
