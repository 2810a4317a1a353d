// The log as evidence, from outside: proofs over HTTP, `holdfast verify` on a running system, and a
// bundle that needs neither; with audit and Postgres killed under load.
import { execFile, spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { call, chat, json, type JobView, settled, submit } from './support/api';
import { eventually, type Holdfast, startHoldfast } from './support/holdfast';

interface Verified {
  ok: boolean; problems: unknown[]; checkpoints: number; compared: number; commits: number;
  event_lines: number; unsigned: number; tree_size: number; events: { event: string; leaf_index: number }[];
}
interface Checkpoint { tree_size: number; note: string; public_key: string; sequence: number }

const run = promisify(execFile);
let holdfast: Holdfast;
let job: string;

beforeAll(async () => {
  holdfast = await startHoldfast();
  job = (await submit(holdfast, chat('the one'))).id;
}, 180_000);
afterAll(() => holdfast.stop(), 60_000);

const admin = (): Record<string, string> => ({ authorization: `Bearer ${holdfast.adminToken}` });
const ask = (question: string): Promise<Response> =>
  call(holdfast, `/audit/v1/${question}`, { headers: admin() });

async function verify(...flags: string[]): Promise<Verified> {
  const { stdout } = await run(process.execPath, [
    'dist/tools/holdfast.js', 'verify', '--data-dir', holdfast.dataDir, '--json', ...flags,
  ], { env: { ...process.env, DATABASE_URL: '', NATS_URL: '' } })
    .catch((error: unknown) => error as { stdout: string });
  return JSON.parse(stdout) as Verified;
}

describe('the log as evidence', () => {
  it('is for the holder of the admin token', async () => {
    expect((await call(holdfast, '/audit/v1/checkpoint')).status).toBe(401);
    expect((await call(holdfast, '/audit/v1/proofs/inclusion?seq=1')).status).toBe(401);
  });

  it('holds while audit and Postgres are killed under load', async () => {
    let loading = true;
    const load = Promise.all(Array.from({ length: 8 }, async () => {
      while (loading) await call(holdfast, '/v1/chat/completions', { body: chat('load') });
    }));
    for (const [part, afterMs] of [['audit', 700], ['postgres', 1_900], ['audit', 2_500], ['audit', 1_200]] as const) {
      await sleep(afterMs);
      await holdfast.signal(part, 'SIGKILL');
    }
    await sleep(1_000);
    loading = false;
    await load;
    await eventually('the outcome', async () => settled(await json<JobView>(call(holdfast, `/v1/jobs/${job}?wait=5`))));
    const { verified, files } = await eventually('a sound archive', async () => {
      // Before it is verified: another one may be signed meanwhile.
      const files = await readdir(path.join(holdfast.dataDir, 'checkpoints'));
      const verified = await verify('--job', job);
      return verified.ok && verified.events.length >= 3 && { verified, files };
    }, 90_000);
    expect(verified.problems).toEqual([]);
    expect(verified.compared).toBeGreaterThan(20);
    expect(verified.checkpoints).toBeGreaterThanOrEqual(2 * files.length - 1);
  }, 240_000);

  it('answers with its last checkpoint, and with proofs that lead to it', async () => {
    // It was killed a moment ago, and Postgres too: until it runs again it is a 503. And another
    // checkpoint may be signed between the two questions.
    type Inclusion = { leaf_index: number; event: string; checkpoint: string; proof: string[] };
    const [last, inclusion] = await eventually('the last checkpoint', async () => {
      const last = await json<Checkpoint>(ask('checkpoint'));
      const inclusion = await json<Inclusion>(ask('proofs/inclusion?seq=1'));
      return inclusion.checkpoint === last.note && ([last, inclusion] as const);
    }, 60_000);
    const pub = await readFile(path.join(holdfast.dataDir, 'secrets/audit-key.pub'), 'utf8');
    expect(last.public_key).toBe(pub.trim());
    expect(inclusion.leaf_index).toBe(0);
    expect(inclusion.proof).toHaveLength(Math.ceil(Math.log2(last.tree_size)));
    const consistency = await ask(`proofs/consistency?from=3&to=${last.tree_size}`);
    expect(consistency.status).toBe(200);
    const { data: signed } = await json<{ data: Checkpoint[] }>(ask('checkpoints?order=oldest'));
    expect(signed.map(({ tree_size: size }) => size)).toContain(last.tree_size);
    expect(signed.find(({ tree_size: size }) => size === last.tree_size)?.note).toBe(last.note);
    expect((await ask('proofs/consistency?from=9&to=3')).status).toBe(400);
    expect((await ask('proofs/inclusion?seq=999999999')).status).toBe(404);
    expect((await ask('proofs/inclusion')).status).toBe(400);
  }, 90_000);

  it('gives a job’s story away as a bundle that needs no server', async () => {
    const file = path.join(holdfast.dataDir, 'bundle.json');
    const exported = await verify('--job', job, '--export', file);
    expect(exported.events.map(({ event }) => (JSON.parse(event) as { type: string }).type))
      .toEqual(['JobSubmitted', 'JobRouted', 'JobSucceeded']);
    const pub = path.join(holdfast.dataDir, 'secrets/audit-key.pub');
    const checked = await run(process.execPath, [
      'dist/tools/holdfast.js', 'verify', '--bundle', file, '--public-key', pub,
    ], { env: { PATH: process.env['PATH'] } });
    expect(checked.stdout).toContain('3 events stand in the tree');
    const python = spawnSync('python3', [
      'docs/verify/verify_bundle.py', file, (await readFile(pub, 'utf8')).trim(),
    ], { encoding: 'utf8' });
    expect([python.status, python.stdout]).toEqual([0, expect.stringContaining('3 events stand')]);
  }, 60_000);
});
