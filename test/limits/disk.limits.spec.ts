// A small disk for the log, filled by the log itself and then by somebody else: new work is
// refused, accepted work is finished, and room is all that it needs to go on.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { appendFile, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { call, chat, type JobView, json, settled } from '../support/api';
import { eventually, type Holdfast, startHoldfast } from '../support/holdfast';
import { type Answer, atATime, type Client, countsBy, newClient } from './client';
import { pause, spread, tell } from './measure';

const diskMb = 384;
/** A look each five seconds, and the start of a server on cores that others use. */
const takenWithinMs = 45_000;
const dataDir = mkdtempSync(path.join(tmpdir(), 'holdfast-limits-disk-'));
const nats = path.join(dataDir, 'nats');
const filler = path.join(nats, 'filler');
const mounted = mount();

let holdfast: Holdfast;

function mount(): boolean {
  mkdirSync(nats, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskMb}m`, 'tmpfs', nats], { stdio: 'ignore' });
    return true;
  } catch {
    tell('a small disk cannot be mounted here (root is needed): skipped');
    return false;
  }
}

afterAll(() => {
  if (mounted) execFileSync('umount', ['-l', nats]);
  rmSync(dataDir, { recursive: true, force: true });
});

(mounted ? describe : describe.skip)('a full disk', () => {
  beforeAll(async () => {
    holdfast = await startHoldfast({ dataDir, env: { HOLDFAST_DRAIN_S: '10' } });
  }, 180_000);
  afterAll(() => holdfast.stop({ keepData: true }), 120_000);

  it('filled by somebody else: refused, and taken up again when there is room', async () => {
    const client = newClient(holdfast);
    const before = await atATime(50, 8, () => client.post('/v1/jobs', bodyOf(3_000)));
    await fill();
    const during = await atATime(40, 4, async () => {
      const answer = await client.post('/v1/jobs', bodyOf(30_000));
      await pause(200);
      return answer;
    });
    tell(`with no byte left: ${countsBy(during, ({ status, body }) =>
      `${status} ${/"code":"(\w+)"/.exec(body)?.[1] ?? ''}`)}, ${
      spread(during.map(({ durationMs }) => durationMs))}`);
    expect(during.some(({ status }) => status === 503)).toBe(true);
    await rm(filler);
    tell(`with room again: taken after ${await secondsUntilTaken(client)} s`);
    const accepted = idsOf([...before, ...during]);
    expect(await endsOf(accepted)).toBe(`{"succeeded":${accepted.length}}`);
    await client.close();
  }, 200_000);

  it('of the log: new work is refused with room left, and all accepted work ends', async () => {
    const client = newClient(holdfast);
    const answers: Answer[] = [];
    while (answers.every(({ status }) => status === 202)) {
      answers.push(...await atATime(64, 16, () => client.post('/v1/jobs', bodyOf(30_000))));
      expect(answers.length).toBeLessThan(40_000);
    }
    const refused = answers.filter(({ status }) => status !== 202);
    const accepted = idsOf(answers);
    const { bavail, bsize } = await statfs(nats);
    tell(`${accepted.length} jobs of 30 KB accepted on ${diskMb} MB, then ${refused[0]!.status} ${
      refused[0]!.body.slice(0, 120)}; ${Math.round(bavail * bsize / 1024 / 1024)} MB left`);
    expect(new Set(refused.map(({ status, retryAfter }) => `${status} ${retryAfter}`)))
      .toEqual(new Set(['503 60']));
    expect(await endsOf(accepted)).toBe(`{"succeeded":${accepted.length}}`);
    await client.close();
  }, 240_000);
});

/** To the last byte, while others write, too. */
async function fill(): Promise<void> {
  const room = async (): Promise<number> => {
    const { bavail, bsize } = await statfs(nats);
    return bavail * bsize;
  };
  const tooMuch = Buffer.alloc(await room());
  await expect(appendFile(filler, Buffer.concat([tooMuch, Buffer.alloc(1024 * 1024)])))
    .rejects.toMatchObject({ code: 'ENOSPC' });
  expect(await room()).toBe(0);
}

/** Of text that no file system makes smaller. */
function bodyOf(bytes: number): string {
  const body = chat(randomBytes(bytes / 2).toString('hex'));
  return JSON.stringify({ endpoint: '/v1/chat/completions', body });
}

const idsOf = (answers: readonly Answer[]): string[] =>
  answers.filter(({ status }) => status === 202).map(({ body }) => (JSON.parse(body) as JobView).id);

/** `holdfast up` restarts the server, which writes no more after a failed write, when there is room. */
async function secondsUntilTaken(client: Client): Promise<number> {
  const startedAt = performance.now();
  await eventually('taken again', () =>
    client.post('/v1/jobs', bodyOf(100)).then(({ status }) => status === 202), takenWithinMs);
  return Math.round((performance.now() - startedAt) / 100) / 10;
}

async function endsOf(ids: readonly string[]): Promise<string> {
  const ends = await atATime(ids.length, 16, async (index) => eventually(`${ids[index]}`, async () => {
    const view = await json<JobView>(call(holdfast, `/v1/jobs/${ids[index]}?wait=5`));
    return settled(view) && view.status;
  }, 120_000));
  return countsBy(ends, (status) => status);
}
