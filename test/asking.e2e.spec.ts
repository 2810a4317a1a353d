// Questions to the log from outside: events by filter and page, the spend as JSON and CSV, exports as
// NDJSON, CSV and as a bundle that is checked without a server.
import { execFile, spawnSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startProviderSim } from '../tools/provider-sim/src/start';
import { call, json } from './support/api';
import { eventually, type Holdfast, startHoldfast } from './support/holdfast';
import { ledger } from './support/sim';

interface Found { seq: number; line: number; leaf_index: number; logged_at: string; event: { type: string; subject: string; time: string; tenant: string } }
interface Page { data: Found[]; has_more: boolean; next: string | null }
interface Report { data: Record<string, string | number | null>[]; from: string; to: string }
interface Export { id: string; state: string; percent: number; events: number }

const run = promisify(execFile);
const picoIn = 1_000_000n;
const picoOut = 2_000_000n;
const jobs = 12;
const keys = { one: 'hf-key-one-0000000000000', two: 'hf-key-two-0000000000000' };
let sim: Awaited<ReturnType<typeof startProviderSim>>;
let holdfast: Holdfast;

const config = (url: string): string => `
providers:
  - { id: sim, type: openai, base_url: "${url}/p/sim/v1", api_key: env:SIM_KEY, models: ["sim-small"] }
prices:
  - { provider: sim, model: sim-small, input_usd_per_mtok: 1, output_usd_per_mtok: 2 }
customers:
  - id: acme
    teams: [{ id: search, keys: [{ id: one, value: env:KEY_ONE }] }]
  - { id: globex, keys: [{ id: two, value: env:KEY_TWO }] }
`;

beforeAll(async () => {
  sim = await startProviderSim({ port: 0 });
  holdfast = await startHoldfast({
    config: config(sim.url), env: { SIM_KEY: 'sk-sim', KEY_ONE: keys.one, KEY_TWO: keys.two },
  });
  for (let number = 0; number < jobs; number += 1) {
    const key = number % 3 === 0 ? keys.two : keys.one;
    const answer = await call(holdfast, '/v1/chat/completions', {
      headers: {
        authorization: `Bearer ${key}`, 'holdfast-metadata': JSON.stringify({
          purpose: number % 2 === 0 ? 'Month-End close' : '=cmd()', number: String(number),
        }),
      },
      body: { model: 'sim-small', max_tokens: 16, messages: [{ role: 'user', content: `question ${number}` }] },
    });
    expect(answer.status).toBe(200);
  }
}, 180_000);
afterAll(async () => {
  await holdfast.stop();
  await sim.close();
}, 60_000);

const admin = (): Record<string, string> => ({ authorization: `Bearer ${holdfast.adminToken}` });
const ask = (question: string, body?: object): Promise<Response> =>
  call(holdfast, question, { headers: admin(), ...body === undefined ? {} : { body } });
const events = (query: string): Promise<Page> => json<Page>(ask(`/audit/v1/events?${query}`));
const typesOf = ({ data }: Page): string[] => data.map(({ event }) => event.type);
const command = (...args: string[]): Promise<{ stdout: string; stderr: string }> =>
  run(process.execPath, ['dist/tools/holdfast.js', ...args, '--data-dir', holdfast.dataDir], {
    env: { ...process.env, DATABASE_URL: '', NATS_URL: '', HOLDFAST_ADMIN_TOKEN: holdfast.adminToken },
  });
const curl = (question: string): string =>
  spawnSync('curl', ['-sf', '-H', `authorization: Bearer ${holdfast.adminToken}`, `${holdfast.url}${question}`], { encoding: 'utf8' }).stdout;
const pico = (usd: string): bigint => {
  const [whole = '0', part = ''] = usd.split('.');
  return BigInt(`${whole}${part.padEnd(12, '0')}`);
};

describe('events', () => {
  it('are found by what they are about', async () => {
    await eventually('all outcomes', async () => (await events('type=JobSucceeded&limit=500')).data.length === jobs);
    const [found] = (await events('key=two&type=JobSucceeded&order=oldest')).data;
    expect(found).toMatchObject({ event: { type: 'JobSucceeded', tenant: 'globex' } });
    const job = found!.event.subject;
    expect(typesOf(await events(`subject=${job}&order=oldest`))).toEqual(['JobSubmitted', 'JobRouted', 'JobSucceeded']);
    expect((await events('tenant=globex&type=JobSubmitted')).data).toHaveLength(jobs / 3);
    expect((await events('team=search&outcome=succeeded&provider=sim&model=sim-small')).data).toHaveLength(jobs * 2 / 3);
    expect((await events('metadata=end%20MONTH')).data).toHaveLength(jobs / 2);
    expect((await events('type=KeyCreated&type=CustomerSet&tenant=nobody')).data).toEqual([]);
    expect(typesOf(await events(`from=${found!.seq}&to=${found!.seq}&subject=${job}`))).toEqual(['JobSucceeded']);
    const since = await events(`from=${encodeURIComponent(found!.logged_at)}&order=oldest&limit=1`);
    expect(since.data[0]!.seq).toBeLessThanOrEqual(found!.seq);
    expect((await events('to=2020-01-01')).data).toEqual([]);
  }, 60_000);

  it('come page by page, none twice and none left out, while new ones arrive', async () => {
    const seen: number[] = [];
    for (let next: string | null = ''; next !== null;) {
      const page: Page = await events(`tenant=acme&limit=7${next === '' ? '' : `&after=${next}`}`);
      seen.push(...page.data.map(({ leaf_index: leaf }) => leaf));
      next = page.next;
      await call(holdfast, '/v1/chat/completions', {
        headers: { authorization: `Bearer ${keys.two}` },
        body: { model: 'sim-small', max_tokens: 4, messages: [{ role: 'user', content: 'meanwhile' }] },
      });
    }
    const oldest: number[] = [];
    for (let next: string | null = ''; next !== null;) {
      const page: Page = await events(`tenant=acme&order=oldest&limit=11${next === '' ? '' : `&after=${next}`}`);
      oldest.push(...page.data.map(({ leaf_index: leaf }) => leaf));
      next = page.next;
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual(oldest.reverse());
  }, 60_000);

  it('are for the holder of the admin token, and wrong questions are told why', async () => {
    expect((await call(holdfast, '/audit/v1/events')).status).toBe(401);
    expect((await call(holdfast, '/admin/v1/spend')).status).toBe(401);
    expect((await call(holdfast, '/audit/v1/exports', { body: {} })).status).toBe(401);
    for (const [question, why] of [
      ['events?type=JobTeleported', 'no event type'], ['events?from=soon', 'takes a time'],
      ['events?limit=9999', 'limit'], ['events?metadata=%3D%3D', 'no letter or digit'], ['events?colour=red', 'colour'],
      ['proofs/inclusion?seq=1&lin=2', 'lin'], ['state?at=1&projection=keys&tennant=acme', 'tennant'],
    ] as const) {
      const answer = await ask(`/audit/v1/${question}`);
      expect([question, answer.status]).toEqual([question, 400]);
      expect(await answer.text()).toContain(why);
    }
    expect((await ask('/audit/v1/exports', { content: true })).status).toBe(400);
    expect(await (await ask('/audit/v1/event')).text()).toContain('GET /audit/v1/events');
    expect((await ask('/audit/v1/exports/exp_none')).status).toBe(404);
  });

  it('are seen on the command line', async () => {
    const { stdout } = await command('events', '--type', 'JobSucceeded', '--limit', '2');
    expect(stdout.trim().split('\n')).toHaveLength(3);
    expect(stdout).toContain('--after');
    const { stdout: asJson } = await command('events', '--key', 'one', '--type', 'JobSubmitted', 'JobFailed', '--json');
    expect((JSON.parse(asJson) as Page).data).toHaveLength(jobs * 2 / 3);
  }, 60_000);
});

describe('the spend', () => {
  const served = async (): Promise<bigint> => (await ledger(sim.url))
    .filter(({ outcome, attempt }) => outcome === 'served' && attempt !== '')
    .reduce((sum, { usage }) => sum + BigInt(usage.prompt) * picoIn + BigInt(usage.completion) * picoOut, 0n);
  const spend = (query: string): Promise<Report> => json<Report>(ask(`/admin/v1/spend?${query}`));
  const sumOf = ({ data }: Report): bigint => data.reduce((sum, line) => sum + pico(String(line['cost_usd'])), 0n);

  it('is the provider’s ledger to the last digit, by whatever it is grouped', async () => {
    const cost = await served();
    await eventually('the whole spend', async () => sumOf(await spend('group_by=day')) === cost);
    for (const by of ['customer', 'team,key', 'provider,model,day', 'metadata.purpose', 'customer,metadata.number']) {
      expect([by, sumOf(await spend(`group_by=${by}`))]).toEqual([by, cost]);
    }
    const { data } = await spend('group_by=customer,key&customer=acme');
    expect(data).toMatchObject([{ customer: 'acme', key: 'one', requests: jobs * 2 / 3, failed: 0, calls: jobs * 2 / 3, unknown: 0 }]);
    const budget = await json<{ limits: unknown[] }>(call(holdfast, '/v1/usage', { headers: { authorization: `Bearer ${keys.one}` } }));
    expect(budget.limits).toEqual([]);
  }, 60_000);

  it('is CSV that a spreadsheet does not evaluate, by curl and by command', async () => {
    const csv = curl('/admin/v1/spend?group_by=metadata.purpose&format=csv');
    const [head, ...lines] = csv.split('\r\n');
    expect(head).toBe('metadata.purpose,cost_usd,input_tokens,output_tokens,cached_input_tokens,requests,failed,calls,unknown');
    expect(lines.some((line) => line.startsWith("'=cmd(),0.0"))).toBe(true);
    expect(lines.some((line) => line.startsWith('Month-End close,0.0'))).toBe(true);
    const { stdout } = await command('spend', '--by', 'customer,key');
    expect(stdout).toMatch(/acme +one +0\.\d+/);
    expect((await command('spend', '--csv', '--by', 'customer')).stdout).toContain('customer,cost_usd');
    expect((await ask('/admin/v1/spend?group_by=colour')).status).toBe(400);
  }, 60_000);

  it('is the same after the read models are made again', async () => {
    const before = await spend('group_by=customer,key,day');
    const { stdout } = await command('replay', '--rebuild');
    expect(stdout).toMatch(/identical|same/i);
    expect(await spend('group_by=customer,key,day')).toEqual(before);
  }, 60_000);
});

describe('an export', () => {
  const file = (name: string): string => path.join(holdfast.dataDir, name);

  it('has every event asked for, as it stands in the log, and its making is an event', async () => {
    await command('export', '--key', 'two', '--out', file('two.ndjson'));
    const lines = (await readFile(file('two.ndjson'), 'utf8')).trimEnd().split('\n').map((line) => JSON.parse(line) as Found);
    const found = await events('key=two&order=oldest&limit=500');
    expect(lines).toEqual(found.data.slice(0, lines.length));
    expect(lines.length).toBe(found.data.length);
    expect(typesOf(await events('type=AdminActed&actor=admin&limit=1'))).toEqual(['AdminActed']);
    expect((await readdir(holdfast.dataDir)).filter((name) => name.endsWith('.part'))).toEqual([]);
  }, 60_000);

  it('tells how far it is, and is downloaded when it is done', async () => {
    const begun = await json<Export>(ask('/audit/v1/exports', { format: 'csv', filters: { type: 'JobSubmitted' } }));
    const done = await eventually('the export', async () => {
      const view = await json<Export>(ask(`/audit/v1/exports/${begun.id}`));
      return view.state === 'done' && view;
    });
    expect(done.percent).toBe(100);
    const text = curl(`/audit/v1/exports/${begun.id}/download`);
    expect(text.split('\r\n')).toHaveLength(done.events + 2);
    expect(text.startsWith('seq,line,leaf_index,logged_at,time,type,subject,')).toBe(true);
  }, 60_000);

  it('as a bundle proves its events without a server, and a change in it is found', async () => {
    const pub = file('secrets/audit-key.pub');
    // Signed a minute after the one before at the latest.
    await eventually('a checkpoint over all that was asked', async () =>
      (await json<{ tree_size: number }>(ask('/audit/v1/checkpoint'))).tree_size > jobs * 3, 90_000);
    await command('export', '--format', 'bundle', '--tenant', 'acme', '--out', file('acme.bundle'));
    await command('export', '--format', 'bundle', '--out', file('all.bundle'));
    const check = (bundle: string): { ours: number | null; python: number | null; said: string } => {
      const ours = spawnSync(process.execPath, ['dist/tools/holdfast.js', 'verify', '--bundle', bundle, '--public-key', pub], { encoding: 'utf8', env: { PATH: process.env['PATH'] } });
      const key = spawnSync('cat', [pub], { encoding: 'utf8' }).stdout.trim();
      const python = spawnSync('python3', ['docs/verify/verify_bundle.py', bundle, key], { encoding: 'utf8' });
      return { ours: ours.status, python: python.status, said: ours.stdout + python.stdout + python.stderr };
    };
    for (const name of ['acme.bundle', 'all.bundle']) {
      expect([name, check(file(name))]).toMatchObject([name, { ours: 0, python: 0 }]);
    }
    const text = await readFile(file('all.bundle'), 'utf8');
    const lines = text.trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(20);
    const tampered: [string, string][] = [
      ['changed', text.replace('JobSubmitted', 'JobSubmitteD')],
      ['left out', [...lines.slice(0, 5), ...lines.slice(6)].join('\n')],
      ['cut off', lines.slice(0, -1).join('\n')],
      ['added', [...lines.slice(0, 5), lines[4], ...lines.slice(5)].join('\n')],
    ];
    for (const [how, changed] of tampered) {
      await writeFile(file('tampered.bundle'), changed);
      expect([how, check(file('tampered.bundle'))]).toMatchObject([how, { ours: 1, python: 1 }]);
    }
  }, 150_000);

  it('that breaks off leaves no file behind', async () => {
    const failed = await command('export', '--type', 'JobTeleported', '--out', file('none.ndjson'))
      .then(() => null, (error: unknown) => error as { stderr: string });
    expect(failed?.stderr).toContain('no event type');
    expect((await readdir(holdfast.dataDir)).filter((name) => name.startsWith('none'))).toEqual([]);
    const nowhere = await command('export', '--out', file('nowhere/events.ndjson'))
      .then(() => null, (error: unknown) => error as { stderr: string });
    expect(nowhere?.stderr).toContain('Nothing can be written to');
  }, 30_000);
});
