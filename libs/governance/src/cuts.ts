// What a change would take away from keys that are in use: found by comparing what each key may do
// before and after, not by looking at the change, so that a removed route counts like a removed key.
import { keyStateOf, stoppedBy, suspensionText, whoOf } from './access';
import { sameValue } from './diff-fields';
import { type ModelTarget, resolveModel } from './models';
import { denialText, modelDenial, policiesOf, targetDenial } from './policy';
import type { GovernanceState, VirtualKey } from './state';

export interface UsedKey {
  readonly key: string;
  readonly atMs: number;
  readonly models: readonly { readonly model: string; readonly atMs: number }[];
  readonly open_jobs: number;
}

export interface Cut {
  readonly key: string;
  readonly lastUsedMs: number;
  readonly openJobs: number;
  readonly why: string;
}

export interface CutRule {
  readonly nowMs: number;
  /** A key that was used within this time is in use. */
  readonly withinMs: number;
}

/** Keys that work before and would be touched, so that their use must be known. */
export function keysAtStake(
  before: GovernanceState, after: GovernanceState, nowMs: number,
): readonly VirtualKey[] {
  const sameModels = keepsModels(before, after);
  return [...before.keys.values()].filter((key) => works(before, key, nowMs)
    && (!sameModels || lost(before, after, key, nowMs) !== null
      || policyText(before, key) !== policyText(after, key)));
}

/** No name can have stopped working for everybody: only where a provider is reached may differ. */
function keepsModels(before: GovernanceState, after: GovernanceState): boolean {
  const sameProviders = before.providers === after.providers
    || [...before.providers].every(([id, { models, default_model: usual }]) => {
      const next = after.providers.get(id);
      return next?.default_model === usual && sameValue(next.models, models);
    });
  return sameProviders && (before.routes === after.routes
    || [...before.routes].every(([name, { targets }]) =>
      sameValue(after.routes.get(name)?.targets, targets)));
}

export function cutsOf(
  before: GovernanceState, after: GovernanceState, used: readonly UsedKey[], rule: CutRule,
): Cut[] {
  return used.flatMap((use): Cut[] => {
    const key = before.keys.get(use.key);
    const sinceMs = rule.nowMs - rule.withinMs;
    if (key === undefined || (use.atMs < sinceMs && use.open_jobs === 0)) return [];
    const about = { key: use.key, lastUsedMs: use.atMs, openJobs: use.open_jobs };
    const why = lost(before, after, key, rule.nowMs);
    if (why !== null) return [{ ...about, why }];
    return use.models
      .filter((one) => one.atMs >= sinceMs || use.open_jobs > 0)
      .flatMap(({ model, atMs }) => {
        const gone = modelGone(before, after, key, model);
        return gone === null ? [] : [{ ...about, lastUsedMs: atMs, why: gone }];
      });
  });
}

/** Why a key that works would not any more; null: it goes on. */
function lost(
  before: GovernanceState, after: GovernanceState, key: VirtualKey, nowMs: number,
): string | null {
  const next = after.keys.get(key.id);
  if (next === undefined || next.revoked) {
    return isRenamed(after, key, nowMs) ? null : 'it would be removed';
  }
  const stopped = stoppedBy(after, whoOf(next));
  if (stopped !== null && stoppedBy(before, whoOf(key)) === null) return suspensionText(stopped);
  if (!works(after, next, nowMs)) return 'it would have expired';
  const goesOn = next.created.hash === key.created.hash
    || next.former?.some(({ hash, untilMs }) => hash === key.created.hash && untilMs > nowMs);
  if (goesOn !== true) return 'its value would be replaced (give it overlap_s to let both work)';
  return next.tenant === key.tenant ? null : `it would move to customer ${next.tenant}`;
}

/** Its value goes on as another key of the same customer. */
function isRenamed(after: GovernanceState, key: VirtualKey, nowMs: number): boolean {
  const heir = after.keys.get(after.keyIdByHash.get(key.created.hash) ?? '');
  return heir !== undefined && heir.id !== key.id && heir.tenant === key.tenant && works(after, heir, nowMs);
}

function works(state: GovernanceState, key: VirtualKey, nowMs: number): boolean {
  return keyStateOf(state, key, nowMs) === 'active' && stoppedBy(state, whoOf(key)) === null;
}

function modelGone(
  before: GovernanceState, after: GovernanceState, key: VirtualKey, model: string,
): string | null {
  if (whyNot(before, key, model) !== null) return null;
  const why = whyNot(after, after.keys.get(key.id) ?? key, model);
  return why === null ? null : `it could no longer use the model "${model}" (${why})`;
}

/** Why a key may not use a model, as far as governance can tell; null: it may. */
function whyNot(state: GovernanceState, key: VirtualKey, model: string): string | null {
  const policies = policiesOf(state, whoOf(key));
  const denial = modelDenial(state, policies, model);
  if (denial !== null) return denialText(denial);
  const resolved = resolveModel(state, model);
  if (!resolved.ok) return resolved.message.replace(/\.$/, '');
  const denied = (target: ModelTarget): string | null => {
    const found = targetDenial(policies, { provider: target.provider.provider, model: target.model });
    return found === null ? null : denialText(found);
  };
  const reasons = resolved.targets.map(denied);
  return reasons.every((reason) => reason !== null) ? reasons[0] ?? null : null;
}

function policyText(state: GovernanceState, key: VirtualKey): string {
  const now = state.keys.get(key.id) ?? key;
  return JSON.stringify(policiesOf(state, whoOf(now)));
}
