// Memory with many jobs that have no outcome yet: 10,000 running at a provider that does not
// answer, then 100,000 of which most wait for a worker.
import { setTimeout as sleep } from 'node:timers/promises';
import { metricIn } from '../scrape';
import { sumOf } from '../statistics';
import { type Holdfast, serviceNames, startHoldfast } from '../systems/holdfast';
import { type Stage } from '../systems/start-systems';
import { model } from '../systems/system';
import { peakMbOf, type Process, residentMbOf } from '../usage';

export interface InFlightResult {
  readonly rows: readonly InFlightRow[];
}

export interface InFlightRow {
  readonly jobs: number;
  readonly workerCapacity: number;
  /** As the router and the worker say. */
  readonly open: number;
  readonly running: number;
  readonly acceptedPerS: number;
  readonly errors: number;
  readonly residentMb: Readonly<Record<string, number>>;
  readonly servicesMb: number;
  readonly servicesPeakMb: number;
}

const scenarios = [
  { jobs: 10_000, workerCapacity: 10_000 },
  { jobs: 100_000, workerCapacity: 512 },
] as const;
const connections = 64;
/** The router and the workers go on after the last 202: until nothing changes for so long. */
const quietForS = 5;
const quietWithinS = 90;

export async function measureInFlight(stage: Stage): Promise<InFlightResult> {
  const rows = [];
  for (const scenario of scenarios) rows.push(await measureScenario(stage, scenario));
  return { rows };
}

async function measureScenario(
  { simulator, load, say, keep }: Stage, { jobs, workerCapacity }: typeof scenarios[number],
): Promise<InFlightRow> {
  say(`in flight: ${jobs} jobs, ${workerCapacity} at a time …`);
  const holdfast = keep(await startHoldfast({
    simulator,
    // Nothing of this is to be finished.
    env: { HOLDFAST_WORKER_CAPACITY: String(workerCapacity), HOLDFAST_DRAIN_S: '1' },
  }));
  const result = await load.run({
    kind: 'jobs', connections, jobs,
    target: {
      baseUrl: `${holdfast.url}/v1`, model: `stuck/${model}`,
      headers: { authorization: `Bearer ${holdfast.key}` },
    },
  });
  await untilQuiet(holdfast);
  const services = await servicesOf(holdfast);
  const residentMb = await residentMbOf(services);
  const [router, workers] = await Promise.all(
    [holdfast.metricsOf('router'), holdfast.metricsOf('workers')],
  );
  const row: InFlightRow = {
    jobs, workerCapacity,
    open: metricIn(router, 'holdfast_router_jobs'),
    running: metricIn(workers, 'holdfast_jobs_running'),
    acceptedPerS: Math.round(result.accepted / result.seconds), errors: result.errors,
    residentMb, servicesMb: sumOf(residentMb), servicesPeakMb: sumOf(await peakMbOf(services)),
  };
  say(`in flight: ${row.open} open, ${row.running} running, ${row.servicesMb} MB`);
  await holdfast.stop();
  return row;
}

async function untilQuiet(holdfast: Holdfast): Promise<void> {
  let last = -1;
  for (let waitedS = 0, quietS = 0; waitedS < quietWithinS && quietS < quietForS; waitedS += 1) {
    await sleep(1_000);
    const running = metricIn(await holdfast.metricsOf('workers'), 'holdfast_jobs_running');
    quietS = running === last ? quietS + 1 : 0;
    last = running;
  }
}

async function servicesOf(holdfast: Holdfast): Promise<Process[]> {
  const all = await holdfast.processes();
  return all.filter(({ name }) => (serviceNames as readonly string[]).includes(name));
}
