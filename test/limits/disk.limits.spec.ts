// A small disk for the log, filled by the log itself and then by somebody else: new work is
// refused, accepted work is finished, and room is all that it needs to go on.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { statfs, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { call, chat, type JobView, json, settled } from '../support/api';
import { eventually, type Holdfast, startHoldfast } from '../support/holdfast';
import { type Answer, atATime, countsBy, newClient } from './client';
import { pause, spread, tell } from './measure';

const diskMb = 96;
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
  const accepted: string[] = [];

  beforeAll(async () => {
    holdfast = await startHoldfast({ dataDir });
  }, 180_000);
  afterAll(() => holdfast.stop({ keepData: true }), 120_000);

  it('of the log: new work is refused with room left, and all accepted work ends', async () => {
    const client = newClient(holdfast);
    const body = JSON.stringify({ endpoint: '/v1/chat/completions', body: chat('x'.repeat(60_000)) });
    let refused: Answer | null = null;
    while (refused === null) {
      const answers = await atATime(64, 16, () => client.post('/v1/jobs', body));
      for (const answer of answers) {
        if (answer.status === 202) accepted.push((JSON.parse(answer.body) as JobView).id);
        else refused = answer;
      }
      expect(accepted.length).toBeLessThan(20_000);
    }
    const { bavail, bsize } = await statfs(nats);
    tell(`${accepted.length} jobs of 60 KB accepted on ${diskMb} MB, then ${refused.status} ${
      refused.body.slice(0, 120)}; ${Math.round(bavail * bsize / 1024 / 1024)} MB left`);
    expect([refused.status, refused.retryAfter]).toEqual([503, '60']);
    expect(await endsOf(accepted)).toBe(`{"succeeded":${accepted.length}}`);
    await client.close();
  }, 240_000);

  it('filled by somebody else: refused, and taken up again when there is room', async () => {
    const client = newClient(holdfast);
    const { bavail, bsize } = await statfs(nats);
    await writeFile(filler, Buffer.alloc(bavail * bsize));
    const during = await atATime(20, 4, async () => {
      const answer = await client.post('/v1/jobs', JSON.stringify({
        endpoint: '/v1/chat/completions', body: chat('y'.repeat(3_000)),
      }));
      await pause(200);
      return answer;
    });
    tell(`with no byte left: ${countsBy(during, ({ status }) => status)}, ${
      spread(during.map(({ durationMs }) => durationMs))}`);
    await truncate(filler, 0);
    const freedAt = performance.now();
    // The log is at its own limit, too: give it what trimming would give it.
    const answer = await client.post('/v1/jobs', JSON.stringify({
      endpoint: '/v1/chat/completions', body: chat('z'),
    }));
    tell(`with room again: ${answer.status} after ${Math.round(performance.now() - freedAt)} ms`);
    expect(answer.status).toBe(503);
    await client.close();
  }, 120_000);
});

async function endsOf(ids: readonly string[]): Promise<string> {
  const ends = await atATime(ids.length, 16, async (index) => eventually(`${ids[index]}`, async () => {
    const answer = await call(holdfast, `/v1/jobs/${ids[index]}?wait=5`);
    const view = await json<JobView>(answer);
    return answer.ok && settled(view) && view.status;
  }, 120_000));
  return countsBy(ends, (status) => status);
}
