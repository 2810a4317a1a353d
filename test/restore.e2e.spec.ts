// The log is lost with everything that NATS kept, and is made again from the archive: old jobs are
// there, unfinished ones go on, new ones run, and the archive goes on behind them.
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { call, chat, type JobView, json, settled, submit } from './support/api';
import { eventually, type Holdfast, startHoldfast } from './support/holdfast';
import { natsAdmin } from './support/nats';
import { ledger } from './support/sim';

interface Message { sequence: number; subject: string; msgId: string; text: string }

const run = promisify(execFile);
/** Names the calls of the one job that is to run after the restore. */
const laterUser = 'later';
const words = 'word '.repeat(60_000);
let holdfast: Holdfast;
let before: Message[];
let callsBefore: number;
const jobs: JobView[] = [];
let large: JobView;
let later: JobView;

beforeAll(async () => {
  holdfast = await startHoldfast();
  for (let index = 0; index < 20; index += 1) jobs.push(await submit(holdfast, chat(`job ${index}`)));
  large = await submit(holdfast, chat(words));
  jobs.push(large);
  for (const job of jobs) await outcomeOf(job.id);
  // Not due before the log is lost and restored.
  later = await submit(holdfast, { ...chat('later'), user: laterUser }, { run_at: Math.ceil(Date.now() / 1000) + 60 });
  await archived();
  before = await messages();
  callsBefore = await calls();
  await holdfast.stop({ keepData: true });
}, 240_000);
afterAll(() => holdfast.stop(), 60_000);

describe('a log that was lost', () => {
  it('is made again from the archive, and from nothing else', async () => {
    await expect(restore()).rejects.toMatchObject({
      stderr: expect.stringContaining('Nothing was changed'),
    });
    await rm(path.join(holdfast.dataDir, 'nats'), { recursive: true });
    const summary = await restore() as { commits: number; objects: number; partitions: number };
    expect(summary).toMatchObject({ objects: 1, partitions: 4 });
    holdfast = await startHoldfast({ dataDir: holdfast.dataDir });
    const after = await messages();
    expect(after.slice(0, summary.commits)).toEqual(before.slice(0, summary.commits));
    // Stopping had appended a little more than was noted; the archive had it.
    expect(summary.commits).toBeGreaterThanOrEqual(before.length);
  }, 180_000);

  it('gives back every old job, with its answer', async () => {
    for (const { id } of jobs) {
      // The archive, which knows old jobs, may still be starting: meanwhile this is a 503.
      const answer = await eventually(`an answer for ${id}`, async () => {
        const given = await call(holdfast, `/v1/jobs/${id}/result`);
        return given.status !== 503 && given;
      });
      expect([id, answer.status]).toEqual([id, 200]);
    }
    const events = await json<{ data: { type: string }[] }>(call(holdfast, `/v1/jobs/${large.id}/events`));
    expect(events.data.map(({ type }) => type)).toContain('JobSucceeded');
    // Nothing that was over was run again: the simulator that was started anew has no call yet.
    expect(callsBefore).toBeGreaterThanOrEqual(jobs.length);
    expect(await calls()).toBe(0);
  }, 90_000);

  it('goes on: what was unfinished, what is new, and its archive', async () => {
    const fresh = await submit(holdfast, chat('after the restore'));
    await outcomeOf(fresh.id);
    await outcomeOf(later.id, 90_000);
    await archived();
    const listed = await json<{ data: JobView[] }>(call(holdfast, '/v1/jobs?limit=100'));
    expect(listed.data.map(({ status }) => status)).toEqual(listed.data.map(() => 'succeeded'));
    expect(listed.data).toHaveLength(jobs.length + 2);
  }, 200_000);
});

/** Of jobs that were over before; the simulator's own readiness is asked for, too. */
async function calls(): Promise<number> {
  const records = await ledger(holdfast.simUrl);
  return records.filter(({ attempt, user }) => attempt !== '' && user !== laterUser).length;
}

async function restore(): Promise<object> {
  const { stdout } = await run(process.execPath, [
    'dist/tools/holdfast.js', 'restore', '--json', '--data-dir', holdfast.dataDir,
  ], { env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' } });
  return JSON.parse(stdout) as object;
}

async function outcomeOf(id: string, withinMs = 30_000): Promise<void> {
  const job = await eventually(`the outcome of ${id}`, async () => {
    const view = await json<JobView>(call(holdfast, `/v1/jobs/${id}?wait=5`));
    return settled(view) && view;
  }, withinMs);
  expect([id, job.status]).toEqual([id, 'succeeded']);
}

/** Waits until the archive has what the log has now. */
async function archived(): Promise<void> {
  const { audit } = await holdfast.processes();
  const last = (await messages()).at(-1)!.sequence;
  await eventually('the archive', async () => {
    const metrics = await (await fetch(`${audit!.url}/metrics`)).text();
    const sequence = /^holdfast_archived_sequence\{.*\} (\d+)$/m.exec(metrics)?.[1];
    return Number(sequence) >= last;
  });
}

async function messages(): Promise<Message[]> {
  const nc = await natsAdmin(holdfast);
  const jsm = await jetstreamManager(nc);
  const { state } = await jsm.streams.info('EVENTS');
  const found: Message[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
    const message = await jsm.direct.getMessage('EVENTS', { seq });
    if (message === null) continue;
    found.push({
      sequence: message.seq, subject: message.subject, msgId: message.header.get('Nats-Msg-Id'),
      text: Buffer.from(message.data).toString('latin1'),
    });
  }
  await nc.close();
  return found;
}
