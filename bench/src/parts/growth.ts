// Whether age costs anything: start-up and throughput of a log that is empty, and of one with millions
// of events of settled jobs in it.
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fillLog, type FilledLog } from '../growth/fill-log';
import { newDataDir } from '../root';
import { median, round, sumOf } from '../statistics';
import { type Holdfast, serviceNames, startHoldfast } from '../systems/holdfast';
import { type Stage } from '../systems/start-systems';
import { type LoadFigures, measureLoad } from './measure-load';

export interface GrowthResult {
  readonly seconds: number;
  readonly connections: number;
  readonly rows: readonly GrowthRow[];
}

export interface GrowthRow {
  readonly events: number;
  readonly commits: number;
  readonly logMb: number;
  /** The first start folds and archives everything: nobody has done it before. */
  readonly firstStartS: number;
  /** Into an empty archive; null where there was nothing to archive. */
  readonly archivedEventsPerS: number | null;
  readonly archivedAll: boolean;
  /** From a snapshot, as every later start; the median of two. */
  readonly startS: number;
  readonly requestsPerS: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly servicesMb: number;
}

const connections = 64;
const settleS = 2;
/** One million events took two minutes here. */
const archiveMaxS = 1_800;
/** Folding millions of events from nothing. */
const firstStartMaxMs = 900_000;

/** @param keep told each row: ten million events take long. */
export async function measureGrowth(
  stage: Stage, keep: (result: GrowthResult) => Promise<void>,
): Promise<GrowthResult> {
  const { options } = stage;
  let result: GrowthResult = { seconds: options.seconds, connections, rows: [] };
  for (const events of options.growthEvents) {
    const dataDir = await newDataDir('growth');
    const row = await measureLog(stage, dataDir, events).finally(() =>
      rm(dataDir, { recursive: true, force: true }));
    result = { ...result, rows: [...result.rows, row] };
    await keep(result);
  }
  return result;
}

async function measureLog(stage: Stage, dataDir: string, events: number): Promise<GrowthRow> {
  const { say } = stage;
  say(`growth: a log of ${events.toLocaleString('en')} events …`);
  const filled = events === 0 ? emptyLog : await fillLog(dataDir, events, say);
  const first = await start(stage, dataDir);
  const archived = await untilArchived(first, filled.events);
  await first.stop();
  const again = await start(stage, dataDir);
  await again.stop();
  const last = await start(stage, dataDir);
  const load = await measureLoad(stage.load, {
    system: last, target: last.target('now') ?? fail(), connections, settleS,
    seconds: stage.options.seconds,
  });
  await last.stop();
  const row = rowOf(filled, load, {
    firstStartS: first.startS, startsS: [again.startS, last.startS], archived,
  });
  say(`growth: ${row.events} events: start ${row.startS} s (first ${row.firstStartS} s), `
    + `${row.requestsPerS}/s`);
  return row;
}

const emptyLog: FilledLog = { events: 0, commits: 0, bytes: 0, tookS: 0 };

function start({ simulator, keep }: Stage, dataDir: string): Promise<Holdfast> {
  return startHoldfast({ simulator, dataDir, readyTimeoutMs: firstStartMaxMs }).then(keep);
}

interface Archived {
  readonly eventsPerS: number | null;
  readonly all: boolean;
}

async function untilArchived(holdfast: Holdfast, events: number): Promise<Archived> {
  const startedMs = performance.now();
  for (;;) {
    const tookS = (performance.now() - startedMs) / 1_000;
    const { archivedSequence, sequence } = await holdfast.logFigures();
    const all = archivedSequence >= sequence;
    if (all || tookS > archiveMaxS) {
      const share = archivedSequence / sequence;
      // Archiving begins while the other services are still starting.
      const eventsPerS = round((events * share) / (tookS + holdfast.startS));
      return { all, eventsPerS: events === 0 ? null : eventsPerS };
    }
    await sleep(500);
  }
}

function rowOf(
  filled: FilledLog, load: LoadFigures,
  starts: { firstStartS: number; startsS: readonly number[]; archived: Archived },
): GrowthRow {
  const services = Object.fromEntries(
    serviceNames.map((name) => [name, load.peakMb[name] ?? 0]));
  return {
    events: filled.events, commits: filled.commits, logMb: round(filled.bytes / 2 ** 20),
    firstStartS: round(starts.firstStartS, 1), startS: round(median(starts.startsS), 1),
    archivedEventsPerS: starts.archived.eventsPerS, archivedAll: starts.archived.all,
    requestsPerS: load.requestsPerS, p50Ms: load.p50Ms, p99Ms: load.p99Ms,
    servicesMb: sumOf(services),
  };
}

function fail(): never {
  throw new Error('Holdfast has a target for every upstream');
}
