// From targets to candidates: which provider keys can serve a job at all, whatever the moment.
import type { ProviderKey } from '@libs/events/governance-events';
import type { Candidate, RoutingReason } from '@libs/events/job-events';
import { allowsName } from '@libs/governance/glob';
import type { ModelTarget } from '@libs/governance/models';
import { denialText, policiesOf, targetDenial } from '@libs/governance/policy';
import { priceOf } from '@libs/governance/prices';
import type { GovernanceState } from '@libs/governance/state';
import type { JobFacts } from '@libs/jobs/state';
import { canServe, unmetNeeds } from '@libs/surfaces/capabilities';
import { type Need, paramOfNeed } from '@libs/surfaces/needs';
import type { Endpoint } from '@libs/surfaces/surface';
import type { KeyBounds } from './health/key-health';
import { type HealthRules, rulesOf } from './health/rules';
import { keyName, targetName } from './provider-load';

/** A target that can serve the job, with the keys that may be used for it. */
export interface AbleTarget {
  /** `provider:model`, as in the load. */
  readonly name: string;
  readonly target: ModelTarget;
  readonly weight: number;
  readonly keys: readonly AbleKey[];
  readonly drop: readonly string[];
  readonly rules: HealthRules;
  /** Longest prompt that its model takes; null: not known. */
  readonly contextTokens: number | null;
}

export interface AbleKey {
  /** `provider/key`, as in the load. */
  readonly name: string;
  readonly weight: number;
  readonly config: ProviderKey;
  /** null: nothing bounds it but what its provider announces. */
  readonly bounds: KeyBounds | null;
}

export interface Screening {
  readonly able: readonly AbleTarget[];
  readonly reasons: readonly RoutingReason[];
  /** Every target was refused by the rules of the caller's key, team or customer. */
  readonly notAllowed: boolean;
}

/**
 * What was screened of one governance state, by everything the result depends on. A state is
 * immutable; when it changes, all of it is forgotten.
 */
const screened = new WeakMap<GovernanceState, Map<string, Screening>>();
const screenedMax = 1_000;

/**
 * Passes over, with a reason, what cannot do the job or may not be used for it. `name` stands for
 * the list of targets: two lists of one state have two names.
 */
export function screen(
  job: JobFacts, targets: readonly ModelTarget[],
  context: {
    readonly governance: GovernanceState; readonly dropParams: boolean; readonly name: string;
  },
): Screening {
  if (targets.length === 0) return { able: [], reasons: [], notAllowed: false };
  const { key, team, call, needs } = job.submitted;
  const { governance, dropParams, name } = context;
  let known = screened.get(governance);
  if (known === undefined || known.size > screenedMax) screened.set(governance, known = new Map<string, Screening>());
  const who = `${job.tenant}\n${team ?? ''}\n${key}`;
  const about = `${name}\n${dropParams}\n${who}\n${call.endpoint}\n${needs.join()}`;
  let result = known.get(about);
  if (result === undefined) known.set(about, result = screenAll(job, targets, context));
  return result;
}

function screenAll(
  job: JobFacts, targets: readonly ModelTarget[],
  context: { readonly governance: GovernanceState; readonly dropParams: boolean },
): Screening {
  const able: AbleTarget[] = [];
  const reasons: RoutingReason[] = [];
  let refused = 0;
  const { key, team } = job.submitted;
  const policies = policiesOf(context.governance, { tenant: job.tenant, team, key });
  for (const target of targets) {
    const { provider: { provider }, model } = target;
    const denial = targetDenial(policies, { provider, model });
    if (denial !== null) {
      refused += 1;
      reasons.push(passedOver(target, denialText(denial)));
      continue;
    }
    const result = screenOne(job, target, context);
    if (typeof result === 'string') reasons.push(passedOver(target, result));
    else if (!able.some(({ name }) => name === result.name)) able.push(result);
  }
  return { able, reasons, notAllowed: targets.length > 0 && refused === targets.length };
}

/**
 * Passes over what is too small for the prompt, as far as something else is not: the prompt's length
 * is an estimate, and a provider's own word leads to the list for it.
 */
export function fitting(job: JobFacts, able: readonly AbleTarget[]): Omit<Screening, 'notAllowed'> {
  const prompt = job.submitted.prompt_tokens_estimate;
  const isTooSmall = ({ contextTokens }: AbleTarget): boolean =>
    contextTokens !== null && prompt > contextTokens;
  const small = able.filter(isTooSmall);
  if (small.length === 0 || small.length === able.length) return { able, reasons: [] };
  return {
    able: able.filter((one) => !isTooSmall(one)),
    reasons: small.map(({ target, contextTokens }) =>
      passedOver(target, `takes ${contextTokens} tokens, the prompt has about ${prompt}`)),
  };
}

export function candidateOf(
  governance: GovernanceState, able: AbleTarget, key: AbleKey,
): Candidate {
  const { provider, model } = able.target;
  return {
    provider: provider.provider,
    key: key.config.name,
    model,
    price: priceOf(governance, provider.provider, model),
    drop: [...able.drop],
  };
}

function screenOne(
  job: JobFacts, target: ModelTarget,
  { governance, dropParams }: { readonly governance: GovernanceState; readonly dropParams: boolean },
): AbleTarget | string {
  const { provider, model } = target;
  const endpoint = job.submitted.call.endpoint as Endpoint;
  if (!canServe(provider.kind, endpoint)) return `does not serve ${endpoint}`;
  let drop: string[] = [];
  if (job.submitted.needs.length > 0) {
    const needs = job.submitted.needs as readonly Need[];
    const unmet = unmetNeeds({ kind: provider.kind, model }, endpoint, needs);
    const hard = dropParams ? unmet.filter((need) => !droppable.has(need)) : unmet;
    if (hard.length > 0) return `cannot honour ${hard.join(', ')}`;
    drop = [...new Set(unmet.map((need) => paramOfNeed[need]))];
  }
  const keys = provider.keys.filter((key) => allowsName(key.models, model));
  if (keys.length === 0) return 'no key of this provider may be used for this model';
  const rules = rulesOf(provider.health);
  return {
    name: targetName(provider.provider, model), target, weight: target.weight, drop, rules,
    contextTokens: priceOf(governance, provider.provider, model)?.context_tokens ?? null,
    keys: keys.map((config) => ({
      name: keyName(provider.provider, config.name), weight: config.weight, config,
      bounds: config.rpm === undefined && config.tpm === undefined ? null
        : { rpm: config.rpm ?? null, tpm: config.tpm ?? null, paceBelow: rules.paceBelow },
    })),
  };
}

/** What can be left out of a request; a picture or a tool is its meaning. */
const droppable: ReadonlySet<Need> = new Set<Need>([
  'n', 'logprobs', 'json_schema', 'json_object', 'seed', 'parallel_tools', 'thinking',
  'logit_bias', 'penalties', 'many_stops', 'top_k', 'metadata', 'service_tier', 'prediction',
  'web_search', 'cache_control', 'sampling',
]);

function passedOver(target: ModelTarget, reason: string): RoutingReason {
  return {
    provider: target.provider.provider, key: null, model: target.model,
    verdict: 'passed_over', reason,
  };
}
