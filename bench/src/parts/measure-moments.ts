// How long one waits for the state of a moment of the past: the last one of a log without snapshots
// of the past, which is folded from the beginning and leaves some behind; then of moments at random.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { median, round } from '../statistics';
import { type Holdfast } from '../systems/holdfast';

export interface MomentFigures {
  readonly firstS: number;
  readonly medianS: number;
  readonly longestS: number;
  readonly count: number;
}

const momentCount = 12;
/** Of `holdfast replay`; finer here, or every figure would be a whole second. */
const againMs = 200;
/** Each begins as the first after a while does, not from where the one before was. */
const idleMs = 62_000;

export async function measureMoments(
  holdfast: Holdfast, lastSequence: number, say: (text: string) => void,
): Promise<MomentFigures> {
  const token = (await readFile(path.join(holdfast.dataDir, 'secrets/admin-token'), 'utf8')).trim();
  const ask = (sequence: number): Promise<number> => secondsFor(holdfast.url, token, sequence);
  const firstS = await ask(lastSequence);
  say(`  a moment from the beginning: ${round(firstS, 1)} s`);
  const each: number[] = [];
  for (let index = 0; index < momentCount; index += 1) {
    // The first ones into a process that has to be started.
    if (index < 2) await sleep(idleMs);
    each.push(await ask(1 + Math.floor(Math.random() * lastSequence)));
    say(`  a moment at random: ${round(each.at(-1) ?? NaN, 1)} s`);
  }
  return {
    firstS: round(firstS, 1), medianS: round(median(each), 1),
    longestS: round(Math.max(...each), 1), count: momentCount,
  };
}

/** Where a process that has gone further cannot go on from, a snapshot is read again. */
async function secondsFor(url: string, token: string, sequence: number): Promise<number> {
  const startedMs = performance.now();
  for (;;) {
    const answer = await fetch(`${url}/audit/v1/state?at=${sequence}&projection=jobs&limit=100`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const text = await answer.text();
    if (answer.status === 200) return (performance.now() - startedMs) / 1_000;
    if (answer.status !== 202) throw new Error(`a moment of the past: ${answer.status} ${text}`);
    await sleep(againMs);
  }
}
