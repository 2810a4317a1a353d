// Strategies: in which order the targets of a route are tried.
import type { RouteConfig } from '@libs/events/governance-events';
import { priceOf } from '@libs/governance/prices';
import type { GovernanceState } from '@libs/governance/state';
import type { JobFacts } from '@libs/jobs/state';
import type { AbleTarget } from './candidates';
import { worstCase } from './hold';
import { busyAt, keyName, type ProviderLoad } from './provider-load';
import { type Draws, weightedOrder } from './seeded';

export interface Ordered {
  readonly targets: AbleTarget[];
  /** Why the first one is the first. */
  readonly reason: string;
}

interface OrderContext {
  readonly job: JobFacts;
  readonly context: { readonly governance: GovernanceState; readonly load: ProviderLoad };
  readonly draws: Draws;
}

export function orderTargets(
  able: readonly AbleTarget[], strategy: RouteConfig['strategy'], order: OrderContext,
): Ordered {
  switch (strategy) {
    case 'priority': return { targets: [...able], reason: 'first in order' };
    case 'weighted': return weighted(able, order, '');
    case 'least_busy': return leastBusy(able, order);
    case 'cheapest': return cheapest(able, order);
    case 'fastest':
    case 'adaptive':
      // Both need the latency of the health projection, which is not part of the fold yet.
      return weighted(able, order, `${strategy} is not measured yet, so by weight: `);
  }
}

function weighted(able: readonly AbleTarget[], { draws }: OrderContext, prefix: string): Ordered {
  const drawn = weightedOrder(able, draws);
  const first = drawn[0];
  const all = able.reduce((sum, one) => sum + one.weight, 0);
  const targets = drawn.filter((one, index) => index === 0 || one.target.fallback);
  return { targets, reason: `${prefix}drawn with weight ${first?.weight ?? 0} of ${all}` };
}

/** Calls under way relative to weight; equal ones in the order of the draw. */
function leastBusy(able: readonly AbleTarget[], { context, draws }: OrderContext): Ordered {
  const busy = (one: AbleTarget): number => {
    const names = one.keys.map((key) => keyName(one.target.provider.provider, key.name));
    const calls = names.reduce((sum, name) => sum + busyAt(context.load, name), 0);
    return calls / Math.max(one.weight, 0.001);
  };
  const targets = sortedBy(weightedOrder(able, draws), busy);
  return { targets, reason: 'least calls under way for its weight' };
}

/** Cost of this request at worst; a target without a price comes last. */
function cheapest(able: readonly AbleTarget[], { job, context, draws }: OrderContext): Ordered {
  const { prompt_tokens_estimate: prompt, max_output_tokens: output } = job.submitted;
  const cost = (one: AbleTarget): number => {
    const { provider, model } = one.target;
    const price = priceOf(context.governance, provider.provider, model);
    return price === null ? Infinity : Number(worstCase(price, prompt, output ?? prompt));
  };
  const targets = sortedBy(weightedOrder(able, draws), cost);
  return { targets, reason: 'cheapest for this request' };
}

function sortedBy(able: readonly AbleTarget[], value: (one: AbleTarget) => number): AbleTarget[] {
  return able
    .map((one) => ({ one, value: value(one) }))
    .sort((a, b) => a.value === b.value ? 0 : a.value - b.value)
    .map(({ one }) => one);
}
