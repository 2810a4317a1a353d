// Which background probes are due: of providers that want them, targets that are open, targets that
// nothing was learned of for a while, and keys that are out. A probe costs one token.
import type { ProviderConfig } from '@libs/events/governance-events';
import { allowsName } from '@libs/governance/glob';
import type { GovernanceState } from '@libs/governance/state';
import { breakerAt } from './health/breaker';
import { isOut } from './health/key-health';
import { rulesOf } from './health/rules';
import { keyName, type ProviderLoad, targetName } from './provider-load';

export interface DueProbe {
  readonly provider: string;
  readonly key: string;
  readonly model: string;
}

/** When each was last asked for, by `provider/key model`: the asker's own memory, no part of the fold. */
export type Probed = Map<string, number>;

export function dueProbes(
  load: ProviderLoad, governance: GovernanceState, probed: Probed, nowMs: number,
): DueProbe[] {
  return [...governance.providers.values()].flatMap((config) => {
    if (config.probes === undefined) return [];
    const everyMs = config.probes.every_ms;
    return wanted(load, config, nowMs).filter((probe) => {
      const name = `${keyName(probe.provider, probe.key)} ${probe.model}`;
      if (nowMs - (probed.get(name) ?? 0) < everyMs) return false;
      probed.set(name, nowMs);
      return true;
    });
  });
}

function wanted(load: ProviderLoad, config: ProviderConfig, nowMs: number): DueProbe[] {
  const { provider, probes } = config;
  const idleMs = probes?.idle_ms ?? Infinity;
  const models = new Set(openModels(load, config, nowMs));
  const usual = probes?.model ?? config.default_model
    ?? config.models.find((model) => !model.includes('*'));
  if (usual !== undefined && isIdle(load, targetName(provider, usual), nowMs - idleMs)) models.add(usual);
  const due: DueProbe[] = [];
  for (const model of models) {
    const key = config.keys.find((one) =>
      allowsName(one.models, model) && !isOutAt(load, keyName(provider, one.name), nowMs));
    if (key !== undefined) due.push({ provider, key: key.name, model });
  }
  if (usual === undefined) return due;
  for (const { name } of config.keys) {
    if (isOutAt(load, keyName(provider, name), nowMs)) due.push({ provider, key: name, model: usual });
  }
  return due;
}

/** Open and half open ones: their next call is better ours than a caller's. */
function openModels(load: ProviderLoad, config: ProviderConfig, nowMs: number): string[] {
  const rules = rulesOf(config.health);
  const prefix = `${config.provider}:`;
  return [...load.targets]
    .filter(([name, { breaker }]) =>
      name.startsWith(prefix) && breakerAt(breaker, nowMs, rules).kind !== 'closed')
    .map(([name]) => name.slice(prefix.length));
}

/** A call under way will say more than a probe. */
function isIdle(load: ProviderLoad, target: string, sinceMs: number): boolean {
  return (load.targets.get(target)?.lastMs ?? 0) < sinceMs && !load.busyTargets.has(target);
}

function isOutAt(load: ProviderLoad, key: string, nowMs: number): boolean {
  const closed = load.keys.get(key)?.closed ?? null;
  return closed !== null && isOut(closed) && closed.untilMs > nowMs;
}
