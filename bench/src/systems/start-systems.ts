// Starts the systems that are to be measured side by side. All run during the whole measurement;
// idle ones cost next to nothing (the README says how much).
import { type Options } from '../options';
import { type LoadGenerator, startLoadGenerator } from '../load/load-generator';
import { type Process } from '../usage';
import { startHoldfast } from './holdfast';
import { reachPeer } from './peer';
import { startPortkey } from './portkey';
import { startRaw } from './raw';
import { type Simulator, startSimulator } from './simulator';
import { type System } from './system';

interface Stoppable {
  stop(): Promise<void>;
}

/** What every part of the benchmark works with. */
export interface Stage {
  readonly options: Options;
  readonly simulator: Simulator;
  readonly load: LoadGenerator;
  readonly say: (text: string) => void;
  /** Started at its first use and kept until the end. */
  readonly system: (name: string) => Promise<System>;
  /** Of everything that takes part, the load generator and this process too. */
  readonly processes: () => Promise<readonly Process[]>;
  /** Stopped with everything else unless it was stopped before. */
  readonly keep: <Kept extends Stoppable>(started: Kept) => Kept;
  /** Stopped once, whoever asks. */
  readonly stop: () => Promise<void>;
  readonly isStopping: () => boolean;
}

export async function setStage(options: Options, say: (text: string) => void): Promise<Stage> {
  const simulator = await startSimulator(options.simPort);
  const load = startLoadGenerator();
  const systems = new Map<string, Promise<System>>();
  const others = new Set<Stoppable>();
  let stopped: Promise<void> | null = null;
  const stage: Stage = {
    options, simulator, load, say,
    system: (name) => {
      const started = systems.get(name) ?? startSystem(name, stage);
      systems.set(name, started);
      return started;
    },
    processes: async () => {
      const running = [simulator, ...await Promise.all(systems.values())];
      const lists = await Promise.all(running.map((each) => each.processes()));
      return [
        ...lists.flat(), { name: 'load', pid: load.pid }, { name: 'bench', pid: process.pid },
      ];
    },
    keep: (started) => {
      others.add(started);
      return started;
    },
    isStopping: () => stopped !== null,
    stop: () => {
      stopped ??= stopAll([...others], [...systems.values()], { load, simulator });
      return stopped;
    },
  };
  return stage;
}

/** The load first: what it asks for must not keep the others from ending. */
async function stopAll(
  others: readonly Stoppable[], systems: readonly Promise<System>[],
  { load, simulator }: Pick<Stage, 'load' | 'simulator'>,
): Promise<void> {
  await load.stop();
  const started = await Promise.allSettled(systems);
  const running = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  for (const each of [...others, ...running.filter(({ name }) => name !== 'simulator')]) {
    await each.stop();
  }
  await simulator.stop();
}

function startSystem(name: string, { options, simulator, say }: Stage): Promise<System> {
  if (name !== 'simulator') say(`starting ${name} …`);
  switch (name) {
    case 'simulator': return Promise.resolve(simulator);
    case 'holdfast': return startHoldfast({ simulator });
    case 'holdfast-bounded': return startHoldfast({ simulator, bounded: true });
    case 'holdfast-nofsync': return startHoldfast({ simulator, fsync: false });
    case 'raw': return startRaw(simulator, true);
    case 'raw-nofsync': return startRaw(simulator, false);
    case 'portkey': return startPortkey(simulator, say);
    default: {
      const peer = options.peers.find((each) => each.name === name);
      if (peer === undefined) throw new Error(`no system ${name}`);
      return reachPeer(peer, simulator);
    }
  }
}
