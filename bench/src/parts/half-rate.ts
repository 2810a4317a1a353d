// Latency where a system is meant to run: at half of the highest rate it reached, requests coming
// at fixed times whether earlier ones are answered or not.
import { type PacedLoadResult } from '../load/jobs';
import { round } from '../statistics';
import { type Stage } from '../systems/start-systems';
import { type System } from '../systems/system';
import { type LoadRow } from './load-rows';
import { drained, measureLoad } from './measure-load';

export interface HalfRateResult {
  readonly seconds: number;
  readonly rows: readonly HalfRateRow[];
}

export interface HalfRateRow extends PacedLoadResult {
  readonly system: string;
  readonly highestPerS: number;
  readonly offeredPerS: number;
}

const seconds = 10;
const connections = 256;
const warmUpConnections = 64;

/** @param rows of the main part; the highest rate is measured here where they do not have it. */
export async function measureHalfRate(
  stage: Stage, rows: readonly LoadRow[],
): Promise<HalfRateResult> {
  const { options, load, say } = stage;
  const measured: HalfRateRow[] = [];
  for (const name of ['holdfast', 'portkey'].filter((each) => options.systems.includes(each))) {
    const system = await stage.system(name);
    const target = system.target('now');
    if (target === null) continue;
    // Alone it meets systems that nothing has warmed.
    if (!options.parts.includes('load')) {
      await measureLoad(stage, {
        system, target, connections: warmUpConnections, settleS: 0, seconds: options.warmUpS,
      });
    }
    const highestPerS = highestIn(rows, name) ?? await highestOf(stage, system);
    const offeredPerS = round(highestPerS / 2);
    const result = await load.run({
      kind: 'paced', target, connections, requestsPerS: offeredPerS, seconds,
    });
    await drained(system);
    measured.push({ system: name, highestPerS, offeredPerS, ...result });
    say(`half of the highest rate: ${name} ${offeredPerS}/s, p99 ${result.p99Ms} ms`);
  }
  return { seconds, rows: measured };
}

function highestIn(rows: readonly LoadRow[], system: string): number | null {
  const rates = rows.filter((row) => row.system === system && row.delayMs === 0)
    .map(({ requestsPerS }) => requestsPerS);
  return rates.length === 0 ? null : Math.max(...rates);
}

async function highestOf(stage: Stage, system: System): Promise<number> {
  const target = system.target('now');
  if (target === null) throw new Error(`${system.name} has no upstream`);
  const { requestsPerS } = await measureLoad(stage, {
    system, target, connections, settleS: 2, seconds: stage.options.seconds,
  });
  return requestsPerS;
}
