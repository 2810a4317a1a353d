// The main part: every system at every number of connections and every delay, in rounds.
import { cellsLeft, planCells, type Cell } from '../plan';
import { progressOf } from '../progress';
import { type Stage } from '../systems/start-systems';
import { upstreamFor } from '../systems/system';
import { measureLoad, type LoadFigures } from './measure-load';

export interface LoadSample extends Cell, LoadFigures {}

export interface LoadResult {
  readonly seconds: number;
  readonly rounds: number;
  readonly systems: readonly SystemNote[];
  readonly samples: readonly LoadSample[];
}

/** What is said beside each figure. */
export interface SystemNote {
  readonly name: string;
  readonly on: string;
  readonly off: string;
  readonly version: string | null;
}

/** At the same load before each measurement: connections are made, queues find their length. */
const settleS = 1;
/** Once per system, before its first measurement: compilers and caches get warm. */
const warmUp = { connections: 64, seconds: 3 };

/** @param keep told each sample, so that a stopped run can be carried on. */
export async function measureLoadPart(
  stage: Stage, before: readonly LoadSample[], keep: (sample: LoadSample) => Promise<void>,
): Promise<LoadResult> {
  const { options, load, say } = stage;
  const cells = planCells(options);
  const left = cellsLeft(cells, before);
  if (before.length > 0) say(`carrying on: ${before.length} of ${cells.length} measured before`);
  for (const name of options.systems) await warmedUp(stage, name);
  const samples = [...before];
  const progress = progressOf(left.length);
  for (const cell of left) {
    const system = await stage.system(cell.system);
    const target = system.target(upstreamFor(cell.delayMs));
    progress.next();
    if (target === null) continue;
    const figures = await measureLoad(load, {
      system, target, connections: cell.connections, settleS, seconds: options.seconds,
    });
    const sample = { ...cell, ...figures };
    samples.push(sample);
    await keep(sample);
    say(`${progress.text()} ${lineOf(sample)}`);
  }
  return {
    seconds: options.seconds, rounds: options.rounds, samples, systems: await notes(stage),
  };
}

async function warmedUp(stage: Stage, name: string): Promise<void> {
  const system = await stage.system(name);
  const target = system.target('now');
  if (target === null) return;
  await measureLoad(stage.load, { system, target, settleS: 0, ...warmUp });
}

async function notes(stage: Stage): Promise<SystemNote[]> {
  return await Promise.all(stage.options.systems.map(async (each) => {
    const { name, on, off, version } = await stage.system(each);
    return { name, on, off, version };
  }));
}

function lineOf(sample: LoadSample): string {
  const { round, delayMs, connections, system, requestsPerS, p50Ms, p99Ms, errors } = sample;
  const mode = `round ${round + 1}, ${delayMs} ms, ${connections} connections`;
  return `${mode}: ${system} ${requestsPerS}/s, p50 ${p50Ms} ms, p99 ${p99Ms} ms`
    + (errors === 0 ? '' : `, ${errors} errors`);
}
