// Calls whose end nobody learned, from outside: a worker is killed in the middle of a call. Its hold is
// shown, settled by an operator from the provider's bill, or written off by policy; the books are the
// provider's ledger to the last digit, as far as nothing was given up.
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startProviderSim } from '../tools/provider-sim/src/start';
import { bodyOf, call, json, settled, submit, type JobView } from './support/api';
import { eventually, type Holdfast, startHoldfast } from './support/holdfast';
import { ledger, type LedgerRecord, setScript } from './support/sim';

const run = promisify(execFile);
const key = 'hf-held-key-000000000000';
/** 1 USD a million tokens in, 2 out. */
const costOf = ({ usage }: LedgerRecord): bigint =>
  BigInt(usage.prompt) * 1_000_000n + BigInt(usage.completion) * 2_000_000n;
const pico = (usd: string): bigint => {
  const [whole = '0', part = ''] = usd.split('.');
  return BigInt(`${whole}${part.padEnd(12, '0')}`);
};
const usdOf = (amount: bigint): string => `0.${String(amount).padStart(12, '0')}`;

let sim: Awaited<ReturnType<typeof startProviderSim>>;
let holdfast: Holdfast;

const config = (url: string, writeOff: number | string): string => `
providers:
  - { id: sim, type: openai, base_url: "${url}/p/sim/v1", api_key: env:SIM_KEY, models: ["sim-small"] }
prices:
  - { provider: sim, model: sim-small, input_usd_per_mtok: 1, output_usd_per_mtok: 2 }
customers:
  - id: acme
    keys: [{ id: held, value: env:HELD_KEY, budgets: [{ limit_usd: 10, window: total }] }]
governance: { write_off_after_s: ${writeOff} }
`;

beforeAll(async () => {
  sim = await startProviderSim({ port: 0 });
  holdfast = await startHoldfast({
    config: config(sim.url, 'never'), env: { SIM_KEY: 'sk-sim', HELD_KEY: key },
  });
}, 180_000);
afterAll(async () => {
  await holdfast.stop();
  await sim.close();
}, 60_000);

const mine = { authorization: `Bearer ${key}` };
const admin = (): Record<string, string> => ({ authorization: `Bearer ${holdfast.adminToken}` });
interface Hold { job: string; attempt: string; held_usd: string | null; since: string; written_off_at: string | null; key: string; customer: string; provider: string }
const holds = async (): Promise<Hold[]> =>
  (await json<{ data: Hold[] }>(call(holdfast, '/admin/v1/holds', { headers: admin() }))).data;
const close = (hold: Hold, body: object): Promise<Response> =>
  call(holdfast, `/admin/v1/holds/${hold.job}/${hold.attempt}`, { headers: admin(), body });
const usage = async (): Promise<{ spent: string; held: string }> =>
  (await json<{ limits: [{ spent: string; held: string }] }>(call(holdfast, '/v1/usage', { headers: mine }))).limits[0];
const jobOf = (id: string): Promise<JobView> => json<JobView>(call(holdfast, `/v1/jobs/${id}`, { headers: mine }));
const cli = async (...args: string[]): Promise<string> => (await run(process.execPath, [
  'dist/tools/holdfast.js', ...args, '--data-dir', holdfast.dataDir,
], { env: { ...process.env, HOLDFAST_ADMIN_TOKEN: holdfast.adminToken }, maxBuffer: 1e8 })).stdout;

/** A job whose first call was under way when its worker died, and which another call answered. */
async function lostCall(content: string): Promise<{ job: JobView; bill: LedgerRecord }> {
  const before = (await ledger(sim.url)).length;
  await setScript(sim.url, 'sim', { defaults: { latencyMs: 2_000 } });
  const { id } = await json<JobView>(call(holdfast, '/v1/jobs', {
    headers: mine, body: { endpoint: '/v1/chat/completions', body: { model: 'sim-small', messages: [{ role: 'user', content }], max_tokens: 16 } },
  }));
  await eventually('the call', async () => (await ledger(sim.url)).length > before);
  await holdfast.signal('workers', 'SIGKILL');
  await setScript(sim.url, 'sim', { defaults: { latencyMs: 20 } });
  const job = await eventually('the answer', async () => {
    const now = await jobOf(id);
    return settled(now) && now;
  }, 90_000);
  const known = new Set(job.attempts.map(({ attempt_id: attempt }) => attempt));
  const bill = await eventually('the bill', async () => {
    const found = (await ledger(sim.url)).slice(before).find(({ attempt }) => !known.has(attempt));
    return found !== undefined && found.outcome !== 'running' && found;
  });
  return { job, bill };
}

describe('a call whose worker was killed', () => {
  let given = 0n;

  it('is shown with what is held for it, and settled by its usage on the bill, once', async () => {
    const { job, bill } = await lostCall('one');
    expect(job).toMatchObject({ status: 'succeeded', attempts: [{ outcome: 'succeeded' }, { attempt_id: 'unknown:1', outcome: 'unknown', cost_usd: null }] });
    const [hold, ...others] = await holds();
    expect(others).toEqual([]);
    expect(hold).toMatchObject({ job: job.id, attempt: 'unknown:1', provider: 'sim', customer: 'acme', key: 'held', written_off_at: null });
    expect((await usage()).held).toBe(hold!.held_usd);
    const body = { action: 'settle', reason: 'the bill', usage: { input_tokens: bill.usage.prompt, output_tokens: bill.usage.completion } };
    const missing = await close({ ...hold!, attempt: 'unknown:9' }, body);
    expect([missing.status, (await bodyOf<{ error: { code: string } }>(missing)).error.code]).toEqual([404, 'hold_not_found']);
    const answers = await Promise.all([close(hold!, body), close(hold!, body), close(hold!, body)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    const won = await json<{ state: string; cost_usd: string; released_usd: string }>(answers.find(({ status }) => status === 200)!);
    expect(won).toMatchObject({ state: 'settled', released_usd: hold!.held_usd });
    expect(pico(won.cost_usd)).toBe(costOf(bill));
    expect(await holds()).toEqual([]);
    expect((await jobOf(job.id)).attempts).toMatchObject([{}, { attempt_id: 'unknown:1', cost_usd: won.cost_usd, reconciled: true }]);
  }, 150_000);

  it('is settled from the terminal by what it cost', async () => {
    const { job, bill } = await lostCall('two');
    const table = await cli('holds');
    console.log(table);
    expect(table).toContain(job.id);
    expect(table).toContain('never');
    const told = await cli('holds', 'settle', job.id, 'unknown:1', '--cost-usd', usdOf(costOf(bill)), '--reason', 'line 2');
    expect(told).toMatch(/^settled: 0\.\d+ USD released, 0\.\d+ USD booked$/m);
    expect(await cli('holds')).toContain('no holds of unknown end');
    await expect(cli('holds', 'write-off', job.id, 'unknown:1', '--reason', 'x')).rejects.toThrow('409');
  }, 150_000);

  it('has in the books what the provider served, to the last digit', async () => {
    const served = (await ledger(sim.url)).reduce((sum, record) => sum + costOf(record), 0n);
    const { spent, held } = await usage();
    expect(held).toBe('0');
    expect(pico(spent)).toBe(served);
  });

  it('is written off by policy when the policy says so', async () => {
    const { job, bill } = await lostCall('three');
    const [hold] = await holds();
    expect(hold).toMatchObject({ job: job.id, written_off_at: null });
    const file = path.join(holdfast.dataDir, 'holdfast.yaml');
    expect(await readFile(file, 'utf8')).toContain('never');
    await writeFile(file, config(sim.url, 2));
    await eventually('the write-off', async () => (await holds()).length === 0);
    const event = await eventually('its event in the archive', async () => {
      const { data } = await json<{ data: { type: string; data: object }[] }>(call(holdfast, `/v1/jobs/${job.id}/events`, { headers: mine }));
      return data.find(({ type }) => type === 'HoldWrittenOff');
    });
    expect(event).toMatchObject({ data: { routing: 1, reason: 'policy', attempt_id: null } });
    given = costOf(bill);
    const served = (await ledger(sim.url)).reduce((sum, record) => sum + costOf(record), 0n);
    const { spent, held } = await usage();
    expect(held).toBe('0');
    expect(pico(spent) + given).toBe(served);
  }, 150_000);

  it('that was written off is settled all the same when its bill comes', async () => {
    const jobs = await json<{ data: JobView[] }>(call(holdfast, '/v1/jobs?limit=10', { headers: mine }));
    const job = jobs.data.find(({ attempts }) => attempts.some(({ attempt_id: id, cost_usd: cost }) => id === 'unknown:1' && cost === null))!;
    expect((await close({ job: job.id, attempt: 'unknown:1' } as Hold, { action: 'write_off', reason: 'again' })).status).toBe(409);
    const answer = await close({ job: job.id, attempt: 'unknown:1' } as Hold, { action: 'settle', reason: 'bill of the month', cost_usd: usdOf(given) });
    expect(answer.status).toBe(200);
    const served = (await ledger(sim.url)).reduce((sum, record) => sum + costOf(record), 0n);
    expect(pico((await usage()).spent)).toBe(served);
  });

  it('has the same cost in the archive, and every decision is made again alike', async () => {
    const served = (await ledger(sim.url)).reduce((sum, record) => sum + costOf(record), 0n);
    await eventually('the archive', async () => {
      const { data } = await json<{ data: JobView[] }>(call(holdfast, '/v1/jobs?limit=10', { headers: mine }));
      return data.reduce((sum, { cost_usd: cost }) => sum + pico(cost ?? '0'), 0n) === served;
    });
    const replayed = JSON.parse(await cli('replay', '--decisions', '--json')) as { decisions: number; different: number; differences: unknown[] };
    console.log(`${replayed.decisions} decisions made again`);
    expect(replayed.differences).toEqual([]);
    // Two routings of each of three jobs, and four ends of holds.
    expect(replayed.decisions).toBeGreaterThanOrEqual(10);
  }, 90_000);
});

it('a job that is submitted afterwards is served', async () => {
  const job = await submit(holdfast, { model: 'sim-small', messages: [{ role: 'user', content: 'after' }], max_tokens: 16 });
  expect(await eventually('the job', async () => settled(await json<JobView>(call(holdfast, `/v1/jobs/${job.id}`))))).toBe(true);
}, 60_000);
