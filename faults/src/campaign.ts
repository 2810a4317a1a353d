// One campaign: brings everything up, torments it under load by a seed, lets it calm down, gathers
// the evidence, takes everything down, and weighs.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { calmDown, type Calm, untilArchived } from './calm';
import { type Verdict } from './checks/verdict';
import { type Evidence } from './evidence/evidence';
import { requestOf } from './evidence/stories';
import { startLoad } from './load/mixed-load';
import { Noter } from './load/noter';
import { crowd, startProbes } from './load/probes';
import { startSpenders } from './load/spenders';
import { LogReader } from './log-reader';
import { type FaultNote } from './notes';
import { type FaultKind } from './plan/kinds';
import { leftOut, planSchedule } from './plan/schedule';
import { prove } from './prove';
import { readArchive } from './read/archive';
import { readBudgets } from './read/budgets';
import { rebuildAll } from './rebuild';
import { startReceiver } from './receiver/receiver';
import { AdminLog } from './system/admin-log';
import { type Cleanup } from './system/cleanup';
import { keyNames, prices } from './system/config';
import { startProduct } from './system/product';
import { startSimulator } from './system/simulator';
import { SmallDisk } from './system/small-disk';
import { tenants } from './system/tenants';
import { registerEndpoint, type World } from './system/world';
import { torment } from './torment';
import { weigh } from './weigh';

export interface CampaignOptions {
  readonly seed: number;
  readonly seconds: number;
  readonly perSecond: number;
  readonly only: readonly FaultKind[];
  /** Part of the time with one of two providers down and nothing else. */
  readonly crowdShare: number;
  /** Holds the built product under test. */
  readonly root: string;
  /** The repository: its simulator and its preload. */
  readonly repository: string;
  readonly natsSync: 'always' | 'default';
  readonly say: (line: string) => void;
  readonly cleanup: Cleanup;
  /** How long callers may wait on when the load has ended. */
  readonly patienceMs: number;
  /** Beyond this a job without an outcome counts as lost. */
  readonly settledWithinMs: number;
  /** Keeps the data directory, and says where it is. */
  readonly keep: boolean;
}

export interface CampaignResult {
  readonly verdicts: readonly Verdict[];
  readonly evidence: Evidence;
  readonly calm: Calm;
  readonly leftOut: readonly string[];
  readonly tormentedMs: number;
}

const crowdCallers = 16;
/** Then log and archive differ for another reason, and that is a finding. */
const readsMax = 10;

export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const { cleanup, keep, say } = options;
  const dataDir = await mkdtemp(path.join(tmpdir(), 'holdfast-faults-'));
  if (keep) say(`kept: ${dataDir}`);
  else cleanup.add(() => rm(dataDir, { recursive: true, force: true }));
  try {
    return await run(options, await bringUp(options, dataDir));
  } finally {
    await cleanup.run();
  }
}

async function bringUp(options: CampaignOptions, dataDir: string): Promise<World> {
  const { repository, root, seed, natsSync, say, cleanup } = options;
  say('starting the product, its simulator and a receiver');
  const disk = await SmallDisk.mount(dataDir, path.join(dataDir, 'nats/store'));
  if (disk !== null) cleanup.add(() => disk.unmount());
  const simulator = await startSimulator(repository, seed);
  cleanup.add(() => simulator.stop());
  const receiver = await startReceiver();
  cleanup.add(() => receiver.close());
  const product = await startProduct({
    root, dataDir, natsSync, providerUrls: simulator.urls,
    preload: path.join(repository, 'faults/preload/clock.mjs'),
  });
  cleanup.add(() => product.stop());
  const admin = await AdminLog.connect(await product.natsUrl());
  cleanup.add(() => admin.close());
  return { product, simulator, receiver, admin, disk, noter: new Noter(), poison: new Set() };
}

async function run(options: CampaignOptions, world: World): Promise<CampaignResult> {
  const { seed, seconds, only, say, natsSync } = options;
  const planned = { seed, seconds, only, hasDisk: world.disk !== null };
  for (const line of leftOut(planned)) say(`left out: ${line}`);
  // Streams that were never synced are gone as a whole after a power loss, and nothing is left to
  // weigh; after minutes of work their beginnings are on the disk in any case.
  if (natsSync === 'default') await world.disk?.sync();
  const crowdMs = seconds * 1_000 * options.crowdShare;
  if (crowdMs > 0) await withoutOneProvider(world, crowdMs, say);
  const tormentedMs = seconds * 1_000 - crowdMs;
  const faults = await underLoad(options, world, tormentedMs, () => torment({
    world, schedule: planSchedule(planned), forMs: tormentedMs,
    onFault: (note) => say(faultLine(note)),
  }));
  say('faults are over; waiting until everything is finished');
  const reader = new LogReader(world);
  const calm = await calmDown(world, reader, options.settledWithinMs);
  say('rebuilding the projections, verifying, reading log and archive');
  const evidence = await gather(world, reader, faults);
  return { verdicts: weigh(evidence), evidence, calm, leftOut: leftOut(planned), tormentedMs };
}

async function underLoad<T>(
  { seed, perSecond, patienceMs, say }: CampaignOptions, world: World, forMs: number,
  work: () => Promise<T>,
): Promise<T> {
  const { product: { url }, noter } = world;
  const endpointIds: string[] = [];
  for (const tenant of tenants) {
    endpointIds.push(await registerEndpoint(world, tenant, tenant.customer));
  }
  const load = startLoad({ url, seed, perSecond, noter, endpointIds });
  const probes = startProbes({ url, noter });
  const spenders = startSpenders({ url, noter, forMs });
  const stop = async (withinMs: number): Promise<void> => {
    say('the load ends');
    await Promise.all([load, probes, spenders].map((one) => one.stop(withinMs)));
    await noter.settled();
  };
  try {
    const result = await work();
    await stop(patienceMs);
    return result;
  } catch (error) {
    await stop(0);
    throw error;
  }
}

async function withoutOneProvider(
  { product: { url }, noter, simulator }: World, forMs: number, say: (line: string) => void,
): Promise<void> {
  await simulator.shut('alpha');
  await simulator.setScript('beta', { defaults: { tokens: 8 } });
  await crowd({ url, noter }, { callers: crowdCallers, forMs });
  await noter.settled();
  await simulator.heal('alpha');
  await simulator.heal('beta');
  say(`${noter.notes.size} requests while one of two providers was down`);
}

async function gather(
  world: World, reader: LogReader, faults: readonly FaultNote[],
): Promise<Evidence> {
  const before = await reader.read();
  // Thousands of the crowd's jobs are alike; their fate in the log is checked in any case.
  const shown = [...before.stories.values()].filter((story) => !requestOf(story).startsWith('c'));
  const budgets = await readBudgets(world);
  const { rebuilt, views } = await rebuildAll(world, shown);
  await untilArchived(world, reader);
  const proofs = await prove(world);
  const { log, stories, archive } = await readBoth(world, reader);
  return {
    log, stories, views, faults, rebuilt, budgets, proofs, keyNames, prices, archive,
    requests: [...world.noter.notes.values()],
    webhooks: world.receiver.notes,
    ledger: await world.simulator.ledger(),
  };
}

/**
 * Log and archive as they stood at one moment: nobody calls any more, but an election or a timer may
 * still write while they are being read.
 */
async function readBoth(world: World, reader: LogReader) {
  for (let times = 1; ; times += 1) {
    await untilArchived(world, reader);
    const archive = await readArchive(await world.product.databaseUrl());
    const { log, stories } = await reader.read();
    const archived = archive.commits.at(-1)?.sequence;
    if (archived === reader.lastSequence || times === readsMax) return { log, stories, archive };
  }
}

function faultLine({ kind, detail, startedMs, healedMs, untilMs }: FaultNote): string {
  const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
  const back = untilMs > healedMs ? `, served again ${seconds(untilMs - healedMs)} later` : '';
  return `  ${kind.padEnd(24)} ${detail} (${seconds(healedMs - startedMs)}${back})`;
}
