// Who asks when, and for how much: arrivals and token counts of a real chat service, at another pace.
import { readFile } from 'node:fs/promises';

export interface Arrival {
  readonly atMs: number;
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly stream: boolean;
}

export interface Pace {
  readonly perSecond: number;
  readonly seconds: number;
  readonly seed: number;
}

/** A quarter of the real lengths: a run of half a minute shall see answers end, not only begin. */
const outputPart = 0.25;
const outputTokensMin = 4;
/** Longer prompts cost the machine and tell nothing more. */
const promptTokensMax = 2_000;

/** @throws Error when the file has fewer arrivals than are asked for. */
export async function arrivalsFrom(file: string, pace: Pace): Promise<Arrival[]> {
  return arrivalsOf(await readFile(file, 'utf8'), pace);
}

/**
 * The first so many of the trace, their gaps shrunk so that they fill the time: bursts stay bursts.
 * Every other one is streamed; the seed says which of each two.
 */
export function arrivalsOf(csv: string, { perSecond, seconds, seed }: Pace): Arrival[] {
  const count = Math.round(perSecond * seconds);
  const rows = csv.trim().split(/\r?\n/).slice(1, count + 2).map((line) => line.split(','));
  const [first, end] = [rows[0], rows[count]];
  if (first === undefined || end === undefined) {
    throw new Error(`the trace has fewer than ${count} arrivals`);
  }
  const scale = (seconds * 1_000) / (timeOf(end) - timeOf(first));
  return rows.slice(0, count).map((row, index) => ({
    atMs: (timeOf(row) - timeOf(first)) * scale,
    promptTokens: Math.min(promptTokensMax, Number(row[1])),
    outputTokens: Math.max(outputTokensMin, Math.round(Number(row[2]) * outputPart)),
    stream: (index + seed + Math.floor(index / 2) * seed) % 2 === 0,
  }));
}

/** ms; the file gives more digits than a Date reads, and no zone. */
function timeOf([timestamp = '']: readonly string[]): number {
  return Date.parse(`${timestamp.slice(0, 23).replace(' ', 'T')}Z`);
}
