// The product under test and its simulator, and how they are told what the next run is.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { eventually, type Holdfast, startHoldfast } from '../../../test/support/holdfast';
import { type Cleanup } from '../../../faults/src/system/cleanup';
import { type Mode, type Scenario } from '../scenarios/scenario';
import { scenarios } from '../scenarios/table';
import { configText, keyEnvironment, type RunNames } from './config';
import { type Simulator, startSimulator } from './simulator';

export interface World {
  readonly holdfast: Holdfast;
  readonly simulator: Simulator;
}

/** What is stopped at the end has nothing left to finish. */
const drainS = 5;

export async function bringUp(root: string, cleanup: Cleanup, config: RunConfig): Promise<World> {
  const simulator = await startSimulator(root);
  cleanup.add(() => simulator.stop());
  const holdfast = await startHoldfast({
    config: configText(config.scenario, config.mode, config.names, simulator.url),
    env: { ...keyEnvironment(scenarios), HOLDFAST_DRAIN_S: String(drainS) },
  });
  cleanup.add(() => holdfast.stop());
  return { holdfast, simulator };
}

export interface RunConfig {
  readonly scenario: Scenario;
  readonly mode: Mode;
  readonly names: RunNames;
}

/** As its users do: the file changes, and it is applied. */
export async function configure(world: World, config: RunConfig): Promise<void> {
  const { holdfast, simulator } = world;
  const { scenario, mode, names } = config;
  await writeFile(
    path.join(holdfast.dataDir, 'holdfast.yaml'),
    configText(scenario, mode, names, simulator.url),
  );
  await eventually(`the route ${names.route}`, async () => {
    const answer = await fetch(`${holdfast.url}/v1/models`, {
      headers: { authorization: `Bearer ${holdfast.key}` },
    });
    const { data } = await answer.json() as { data?: { id: string }[] };
    return data?.some(({ id }) => id === names.route);
  });
}
