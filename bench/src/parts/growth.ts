// Whether age costs anything: start-up and throughput of a log that is empty, and of one with
// millions of events of settled jobs in it. Making such a log takes long: a run that was stopped is
// carried on where it was.
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fillLog } from '../growth/fill-log';
import { type GrownLog, openGrownLog } from '../growth/grown-log';
import { median, round, sumOf } from '../statistics';
import { type Holdfast, serviceNames, startHoldfast } from '../systems/holdfast';
import { type Stage } from '../systems/start-systems';
import { measureMoments, type MomentFigures } from './measure-moments';
import { type LoadFigures, type LoadSpec, measureLoad } from './measure-load';

export interface GrowthResult {
  readonly seconds: number;
  readonly connections: number;
  readonly rows: readonly GrowthRow[];
}

export interface GrowthRow {
  readonly events: number;
  readonly commits: number;
  readonly logMb: number;
  /** The first start folds everything: there is no snapshot yet. */
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
  /** Absent: not measured, or nothing to look back on. */
  readonly moments?: MomentFigures;
}

const connections = 64;
/** Each system is new here, and cold: V8 goes on optimising for half a minute. */
const settleS = 30;
/** An archive that is not there by then does not keep up; the row says so. */
const archiveMaxS = 5_400;
/** Folding millions of events from nothing. */
const firstStartMaxMs = 900_000;

/** @param keep told each row: ten million events take long. */
export async function measureGrowth(
  stage: Stage, keep: (result: GrowthResult) => Promise<void>,
): Promise<GrowthResult> {
  const { options, say } = stage;
  let result: GrowthResult = { seconds: options.seconds, connections, rows: [] };
  for (const events of options.growthEvents) {
    say(`growth: a log of ${events.toLocaleString('en')} events …`);
    const log = await openGrownLog(events, options.resume);
    const row = await measureLog(stage, log);
    await rm(log.dataDir, { recursive: true, force: true });
    say(`growth: start ${row.startS} s (first ${row.firstStartS} s), ${row.requestsPerS}/s`);
    result = { ...result, rows: [...result.rows, row] };
    await keep(result);
  }
  return result;
}

async function measureLog(stage: Stage, log: GrownLog): Promise<GrowthRow> {
  if (log.filled === null) {
    await log.note({ filled: await fillLog(log.dataDir, log.events, stage.say) });
  }
  if (!log.archivedAll) await archiveAll(stage, log);
  const again = await start(stage, log);
  await again.stop();
  const last = await start(stage, log);
  const load = await measureLoad(stage, specFor(last, stage.options.seconds));
  const moments = log.events === 0 ? null
    : await measureMoments(last, log.filled?.commits ?? 1, stage.say);
  await last.stop();
  return { ...rowOf(log, load, [again.startS, last.startS]), ...(moments === null ? {} : { moments }) };
}

function start({ simulator, keep }: Stage, { dataDir }: GrownLog): Promise<Holdfast> {
  return startHoldfast({ simulator, dataDir, readyTimeoutMs: firstStartMaxMs }).then(keep);
}

function specFor(holdfast: Holdfast, seconds: number): LoadSpec {
  const target = holdfast.target('now');
  if (target === null) throw new Error('Holdfast has a target for every upstream');
  return { system: holdfast, target, connections, settleS, seconds };
}

/** Starts it for the first time and lets it archive what is there. */
async function archiveAll(stage: Stage, log: GrownLog): Promise<void> {
  const startedMs = performance.now();
  const beforeS = log.archivingS;
  const holdfast = await start(stage, log);
  if (log.firstStartS === null) await log.note({ firstStartS: holdfast.startS });
  for (let told = 0; ; told += 1) {
    const { archivedSequence, sequence } = await holdfast.logFigures();
    const archivedAll = archivedSequence >= sequence;
    // Archiving begins while the other services are still starting.
    const archivingS = beforeS + (performance.now() - startedMs) / 1_000;
    await log.note({ archivedAll, archivingS, archivedShare: archivedSequence / sequence });
    if (archivedAll || archivingS > archiveMaxS) break;
    if (told % 20 === 19) {
      stage.say(`  ${Math.round((archivedSequence / sequence) * 100)} % archived`);
    }
    await sleep(1_000);
  }
  await holdfast.stop();
}

function rowOf(log: GrownLog, load: LoadFigures, startsS: readonly number[]): GrowthRow {
  const filled = log.filled ?? { events: 0, commits: 0, bytes: 0 };
  const services = Object.fromEntries(
    serviceNames.map((name) => [name, load.peakMb[name] ?? 0]));
  return {
    events: filled.events, commits: filled.commits, logMb: round(filled.bytes / 2 ** 20),
    firstStartS: round(log.firstStartS ?? NaN, 1), startS: round(median(startsS), 1),
    archivedEventsPerS: filled.events === 0
      ? null : round((filled.events * log.archivedShare) / log.archivingS),
    archivedAll: log.archivedAll,
    requestsPerS: load.requestsPerS, p50Ms: load.p50Ms, p99Ms: load.p99Ms,
    servicesMb: sumOf(services),
  };
}
