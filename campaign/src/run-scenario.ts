// One run of one scenario in one mode: configured anew, played, and what was seen of it.
import { setTimeout as sleep } from 'node:timers/promises';
import { type LedgerRecord } from '../../test/support/sim';
import { type Arrival } from './arrivals';
import { type FirstAttempt, type Seen } from './figures/notes';
import { type Asked } from './load/ask';
import { crowd, play } from './load/traffic';
import { type ProviderPlan, type Scenario } from './scenarios/scenario';
import { configure, type RunConfig, type World } from './system/world';

export interface RunOptions {
  readonly seed: number;
  readonly seconds: number;
  readonly arrivals: readonly Arrival[];
  /** Of a crowd. */
  readonly requests: number;
}

/** The file is applied, the router has folded it: a moment of rest before the clock starts. */
const restMs = 1_000;

export async function runScenario(
  world: World, config: RunConfig, options: RunOptions,
): Promise<Seen> {
  const { simulator, holdfast } = world;
  const { scenario, names } = config;
  const spans = scenario.spans(options.seconds);
  const isBadFromTheStart = spans[0]?.fromMs === 0;
  await behave(world, config, { seed: options.seed, isBad: isBadFromTheStart });
  await configure(world, config);
  await sleep(restMs);
  await simulator.clearLedger();
  const startedAtMs = Date.now();
  const now = (): number => Date.now() - startedAtMs;
  const asking = { url: holdfast.url, key: holdfast.key, model: names.route, now };
  const { callers } = scenario;
  const traffic = callers === undefined ? play(asking, options.arrivals)
    : crowd(asking, { callers, requests: options.requests });
  const changes = spans.flatMap(({ fromMs, toMs }) => [
    { atMs: fromMs, isBad: true }, { atMs: toMs, isBad: false },
  ]).filter(({ atMs }) => atMs > 0 && atMs < options.seconds * 1_000);
  const changing = (async () => {
    for (const { atMs, isBad } of changes) {
      await sleep(Math.max(0, atMs - now()));
      await behave(world, config, { seed: options.seed, isBad });
    }
  })();
  const [requests] = await Promise.all([traffic, changing]);
  const ledger = await simulator.ledger();
  return {
    requests,
    firstAttempts: firstAttemptsOf(ledger, config, requests, startedAtMs),
    usd: billedUsd(ledger, config),
  };
}

/** Everybody as when all is well, except for who is bad now. */
async function behave(
  { simulator }: World, { scenario, names }: RunConfig,
  { seed, isBad }: { readonly seed: number; readonly isBad: boolean },
): Promise<void> {
  const bad = new Set(scenario.bad.map(({ provider }) => provider));
  await Promise.all(scenario.providers.map((plan) => (
    simulator.setScript(names.provider(plan.name), {
      seed, ...scriptOf(scenario, plan, isBad && bad.has(plan.name)),
    }))));
}

function scriptOf({ trouble }: Scenario, { pace }: ProviderPlan, isBad: boolean): object {
  if (!isBad) return { defaults: pace };
  const { defaults, ...rest } = trouble as { readonly defaults?: object };
  return { defaults: { ...pace, ...defaults }, ...rest };
}

/**
 * By the simulator's ledger. Where nobody listens it sees nothing: a request that took more than one
 * call went there first.
 */
function firstAttemptsOf(
  ledger: readonly LedgerRecord[], { scenario, names }: RunConfig, requests: readonly Asked[],
  startedAtMs: number,
): FirstAttempt[] {
  const absent = scenario.providers.find(({ isAbsent }) => isAbsent);
  const first = new Map<string, FirstAttempt>();
  for (const { user, timeMs, provider, key } of ledger) {
    if (first.has(user)) continue;
    first.set(user, {
      request: user, atMs: timeMs - startedAtMs, provider: names.planned(provider), key,
    });
  }
  if (absent !== undefined) for (const asked of requests) setAbsent(asked, absent, first);
  return [...first.values()].sort((a, b) => a.atMs - b.atMs);
}

function setAbsent(
  { request, attempts, startedMs }: Asked, { name, keys }: ProviderPlan,
  first: Map<string, FirstAttempt>,
): void {
  if (attempts === 1) return;
  first.set(request, { request, atMs: startedMs, provider: name, key: keys[0] ?? '' });
}

function billedUsd(ledger: readonly LedgerRecord[], { scenario, names }: RunConfig): number {
  return ledger.reduce((sum, { provider, outcome, usage }) => {
    const plan = scenario.providers.find(({ name }) => names.provider(name) === provider);
    const isBilled = outcome === 'served' && plan !== undefined;
    return isBilled
      ? sum + ((usage.prompt + usage.completion) * plan.usdPerMtok) / 1_000_000 : sum;
  }, 0);
}
