// Runs the chosen scenarios, each in both of its modes, and weighs what was seen.
import path from 'node:path';
import { type Cleanup } from '../../faults/src/system/cleanup';
import { arrivalsFrom } from './arrivals';
import { figuresOf } from './figures/measure';
import { type Options } from './options';
import { type ScenarioResult } from './report/result';
import { figureLine } from './report/terminal';
import { runScenario, type RunOptions } from './run-scenario';
import { type Scenario } from './scenarios/scenario';
import { scenarios as allScenarios } from './scenarios/table';
import { namesOf } from './system/config';
import { bringUp, type World } from './system/world';

export interface CampaignOptions extends Omit<Options, 'only' | 'report'> {
  readonly scenarios: readonly Scenario[];
  readonly repository: string;
  readonly say: (line: string) => void;
  readonly cleanup: Cleanup;
}

export const traceFile = 'campaign/data/conversation-arrivals.csv';
/** A process that has just started is slow for reasons of its own. */
const warmUpS = 8;

export async function runCampaign(options: CampaignOptions): Promise<ScenarioResult[]> {
  const { scenarios, say, cleanup, seconds, perSecond } = options;
  try {
    // Before anything is started: the trace may be too short for what is asked.
    const rounds = await Promise.all(scenarios.map(async (scenario) => ({
      scenario, run: await runOptions(options, seconds + (scenario.quietS ?? 0)),
    })));
    say(`routing campaign: ${scenarios.length} scenarios, ${seconds} s each in two modes, `
      + `${perSecond} requests/s`);
    const world = await warmedUp(options);
    const results: ScenarioResult[] = [];
    for (const [index, { scenario, run }] of rounds.entries()) {
      say(`\n[${index + 1}/${scenarios.length}] ${scenario.name}: ${scenario.what}`);
      results.push(await bothModes(world, scenario, { run, say, number: 2 * index + 1 }));
    }
    return results;
  } finally {
    await cleanup.run();
  }
}

async function runOptions(
  { repository, perSecond, seed, requests }: CampaignOptions, seconds: number,
): Promise<RunOptions> {
  const file = path.join(repository, traceFile);
  return { seed, seconds, requests, arrivals: await arrivalsFrom(file, { perSecond, seconds, seed }) };
}

async function warmedUp(options: CampaignOptions): Promise<World> {
  const { repository, say, cleanup } = options;
  const [scenario] = allScenarios;
  if (scenario === undefined) throw new Error('there are no scenarios');
  const quiet = { ...scenario, bad: [], spans: () => [] };
  const config = { scenario: quiet, mode: scenario.modes[0], names: namesOf(0) };
  say('starting the product and the provider simulator, warming up');
  const world = await bringUp(repository, cleanup, config);
  await runScenario(world, config, await runOptions(options, warmUpS));
  return world;
}

interface Round {
  readonly run: RunOptions;
  readonly say: (line: string) => void;
  /** Of its first run; each has another. */
  readonly number: number;
}

async function bothModes(
  world: World, scenario: Scenario,
  { run, say, number }: Round,
): Promise<ScenarioResult> {
  const modes = [];
  for (const [index, mode] of scenario.modes.entries()) {
    const config = { scenario, mode, names: namesOf(number + index) };
    const figures = figuresOf(scenario, await runScenario(world, config, run), run.seconds);
    say(figureLine(mode.name, figures));
    modes.push({ mode: mode.name, figures });
  }
  const [first, second] = modes;
  if (first === undefined || second === undefined) throw new Error(`${scenario.name} has no modes`);
  const findings = scenario.expect(first.figures, second.figures);
  for (const finding of findings) say(`  not as expected: ${finding}`);
  const { name, what } = scenario;
  return { name, what, seconds: run.seconds, seed: run.seed, findings, modes };
}
