// The main part: every system at every number of connections and every delay, in rounds.
import { setTimeout as sleep } from 'node:timers/promises';
import { disturbedPercent, watchOthers } from '../disturbance';
import { cellsLeft, planCells, type Cell } from '../plan';
import { progressOf } from '../progress';
import { round, sumOf } from '../statistics';
import { type Stage } from '../systems/start-systems';
import { upstreamFor } from '../systems/system';
import { cpuSecondsOf } from '../usage';
import { type LoadFigures, type LoadSpec, measureLoad } from './measure-load';

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
  /** Of one core, with nothing to do; null where nobody knows. */
  readonly idlePercent: number | null;
}

/** At the same load before each measurement: connections are made, queues find their length. */
const settleS = 1;
const idleS = 5;
/**
 * Once per system, before its first measurement. V8 goes on optimising for half a minute of load:
 * Holdfast did 308, 712, 920 and 1,113 requests/s in successive 8 s.
 */
const warmUpConnections = 64;

/** Of a whole run, for waiting and measuring again; and of one pause. */
const patienceMs = 120_000;
const calmWithinMs = 20_000;

/** @param keep told each sample, so that a stopped run can be carried on. */
export async function measureLoadPart(
  stage: Stage, before: readonly LoadSample[], keep: (sample: LoadSample) => Promise<void>,
): Promise<LoadResult> {
  const { options, say } = stage;
  const cells = planCells(options);
  const left = cellsLeft(cells, before);
  if (before.length > 0) say(`carrying on: ${before.length} of ${cells.length} measured before`);
  for (const name of options.systems) await warmedUp(stage, name);
  const systems = await notesOf(stage);
  const samples = [...before];
  const progress = progressOf(left.length);
  const patience = { leftMs: patienceMs };
  for (const cell of left) {
    const system = await stage.system(cell.system);
    const target = system.target(upstreamFor(cell.delayMs));
    progress.next();
    if (target === null) continue;
    const figures = await measureCalmly(stage, patience, {
      system, target, connections: cell.connections, settleS, seconds: options.seconds,
    });
    const sample = { ...cell, ...figures };
    samples.push(sample);
    await keep(sample);
    say(`${progress.text()} ${lineOf(sample)}`);
  }
  return { seconds: options.seconds, rounds: options.rounds, samples, systems };
}

/** Once more after a pause when somebody else used the machine, while there is patience left. */
async function measureCalmly(
  stage: Stage, patience: { leftMs: number }, spec: LoadSpec,
): Promise<LoadFigures> {
  const figures = await measureLoad(stage, spec);
  if ((figures.othersPercent ?? 0) <= disturbedPercent || patience.leftMs <= 0) return figures;
  const startedMs = performance.now();
  stage.say(`others use ${figures.othersPercent} % of the machine; waiting for calm …`);
  await untilCalm(stage, Math.min(patience.leftMs, calmWithinMs));
  const again = await measureLoad(stage, spec);
  patience.leftMs -= performance.now() - startedMs;
  return (again.othersPercent ?? 0) < (figures.othersPercent ?? 0) ? again : figures;
}

async function untilCalm(stage: Stage, withinMs: number): Promise<void> {
  const untilMs = performance.now() + withinMs;
  while (performance.now() < untilMs) {
    const others = await watchOthers(await stage.processes());
    await sleep(1_000);
    if ((await others.percent() ?? 0) <= disturbedPercent) return;
  }
}

async function warmedUp(stage: Stage, name: string): Promise<void> {
  const system = await stage.system(name);
  const target = system.target('now');
  if (target === null) return;
  const { warmUpS: seconds } = stage.options;
  await measureLoad(stage, {
    system, target, settleS: 0, connections: warmUpConnections, seconds,
  });
}

/** All at the same time: nothing is asked of any of them. */
async function notesOf({ options, system, say }: Stage): Promise<SystemNote[]> {
  const systems = await Promise.all(options.systems.map(system));
  const cpuS = (): Promise<number[]> => Promise.all(systems.map(async (each) =>
    sumOf(await cpuSecondsOf(await each.processes()))));
  const before = await cpuS();
  await sleep(idleS * 1_000);
  const after = await cpuS();
  const notes = await Promise.all(systems.map(async ({ name, on, off, version, processes }, at) => {
    const usedS = (after[at] ?? 0) - (before[at] ?? 0);
    const isKnown = (await processes()).length > 0;
    return {
      name, on, off, version, idlePercent: isKnown ? round((usedS / idleS) * 100, 1) : null,
    };
  }));
  say(`with nothing to do, percent of one core: ${notes.map(({ name, idlePercent }) =>
    `${name} ${idlePercent ?? '?'}`).join(', ')}`);
  return notes;
}

function lineOf(sample: LoadSample): string {
  const { round: turn, delayMs, connections, system, requestsPerS, p50Ms, p99Ms } = sample;
  const { errors, othersPercent } = sample;
  const isDisturbed = (othersPercent ?? 0) > disturbedPercent;
  const mode = `round ${turn + 1}, ${delayMs} ms, ${connections} connections`;
  return `${mode}: ${system} ${requestsPerS}/s, p50 ${p50Ms} ms, p99 ${p99Ms} ms`
    + (errors === 0 ? '' : `, ${errors} errors`)
    + (isDisturbed ? ` (others used ${othersPercent} % of the machine)` : '');
}
