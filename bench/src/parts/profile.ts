// Where the time goes: CPU profiles of every service at full rate, as flame graphs and as tables of
// the dearest functions.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { dearestFunctions, dearestPlaces, type Dear, type DearPlace } from '../profile/dearest';
import { flameGraph } from '../profile/flame-graph';
import { type CpuProfile, foldProfile, type Window } from '../profile/fold-profile';
import { frameNamer } from '../profile/name-frames';
import { at, newDataDir } from '../root';
import { round } from '../statistics';
import { serviceNames, startHoldfast } from '../systems/holdfast';
import { type Stage } from '../systems/start-systems';
import { type Process } from '../usage';

export interface ProfileResult {
  readonly connections: number;
  readonly seconds: number;
  /** While being profiled. */
  readonly requestsPerS: number;
  readonly services: readonly ServiceProfile[];
}

export interface ServiceProfile {
  readonly service: string;
  /** Busy share of the measured time, percent of one core. */
  readonly busyPercent: number;
  readonly functions: readonly Dear[];
  readonly places: readonly DearPlace[];
}

const connections = 256;
const seconds = 10;
/** V8 goes on optimising for half a minute of full load. */
const settleS = 30;
const dearestCount = 10;
/** Of the busy time. */
const shownShareMin = 0.005;

/** Flame graphs go to docs/profiles, unless nothing is to be saved. */
export async function measureProfile(stage: Stage): Promise<ProfileResult> {
  const { simulator, load, options, say, keep } = stage;
  const dir = await newDataDir('profiles');
  keep({ stop: () => rm(dir, { recursive: true, force: true }) });
  say(`profile: Holdfast with ${connections} connections, every service profiled …`);
  const holdfast = keep(await startHoldfast({
    simulator, env: { HOLDFAST_NODE_ARGS: `--cpu-prof --cpu-prof-dir=${dir}` },
  }));
  const processes = await holdfast.processes();
  const target = holdfast.target('now');
  if (target === null) throw new Error('Holdfast has a target for every upstream');
  const startedUs = monotonicUs();
  const { requestsPerS } = await load.run({
    kind: 'closed', target, connections, settleS, seconds,
  });
  const window = {
    fromUs: startedUs + settleS * 1e6, toUs: startedUs + (settleS + seconds) * 1e6,
  };
  // Profiles are written at a clean end.
  await holdfast.stop();
  const services = [];
  for (const service of serviceNames) {
    const profile = await profileOf(dir, processes, service);
    services.push(await readService(service, { profile, window, draw: options.save }));
  }
  return { connections, seconds, requestsPerS, services };
}

/** The clock of V8's profiles: the system's monotonic one. */
function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

/** Their names are CPU.<date>.<time>.<pid>.<thread>.<number>.cpuprofile. */
async function profileOf(
  dir: string, processes: readonly Process[], service: string,
): Promise<CpuProfile> {
  const pid = processes.find(({ name }) => name === service)?.pid;
  const files = await readdir(dir);
  const file = files.find((name) => name.split('.')[3] === String(pid));
  if (file === undefined) throw new Error(`${service} left no profile`);
  return JSON.parse(await readFile(path.join(dir, file), 'utf8')) as CpuProfile;
}

async function readService(
  service: string,
  { profile, window, draw }: { profile: CpuProfile; window: Window; draw: boolean },
): Promise<ServiceProfile> {
  const root = foldProfile(profile, window, frameNamer());
  const busyPercent = round((root.totalUs / (window.toUs - window.fromUs)) * 100);
  if (draw) {
    const title = `${service}: ${busyPercent} % of one core with ${connections} connections`;
    await mkdir(at('docs/profiles'), { recursive: true });
    await writeFile(at('docs/profiles', `${service}.svg`),
      flameGraph(root, { title, shareMin: shownShareMin }));
  }
  return {
    service, busyPercent,
    functions: dearestFunctions(root, dearestCount), places: dearestPlaces(root, dearestCount),
  };
}
