// Strategies: in which order the open targets of a route are tried. docs/routing.md explains each.
// Only arithmetic that is exact on every machine: a decision is made again years later elsewhere.
import type { Strategy } from '@libs/events/routing-policy';
import { worstCase } from '@libs/governance/cost';
import { priceOf } from '@libs/governance/prices';
import type { GovernanceState } from '@libs/governance/state';
import type { JobFacts } from '@libs/jobs/state';
import type { AbleTarget } from './candidates';
import { outputAtWorst } from './hold';
import { busyKey, type Look, type OpenTarget } from './look-at-targets';
import type { ProviderLoad } from './provider-load';
import { type Draws, drawsOf, seedOf, weightedOrder } from './seeded';

export interface Ordered {
  readonly targets: OpenTarget[];
  /** Why the first one is the first. */
  readonly reason: string;
  /** What was compared, where something was. */
  readonly scores: ReadonlyMap<OpenTarget, number>;
}

export interface OrderContext {
  readonly job: JobFacts;
  readonly context: {
    readonly governance: GovernanceState; readonly load: ProviderLoad; readonly nowMs: number;
  };
  readonly draws: Draws;
  readonly look: Look;
  /** As many as a plan can hold. */
  readonly most: number;
  /** All able targets, open or not: a session's order is drawn from them, so it stays the same. */
  readonly able: readonly AbleTarget[];
}

/** Part of the requests that go by weight, so that what is slow now is measured again. */
const explored = 0.05;
/** What adaptive leaves every target of its weight's part. */
const exploredMin = 0.02;

export function orderTargets(strategy: Strategy, order: OrderContext): Ordered {
  const { session } = order.job.submitted;
  const ordered = byStrategy(strategy, order);
  return session === undefined || strategy === 'priority' ? ordered : sticky(session, ordered, order);
}

function byStrategy(strategy: Strategy, order: OrderContext): Ordered {
  switch (strategy) {
    case 'priority': return inPlace(order, null, 'first in order');
    case 'weighted': return weighted(order);
    case 'least_busy': return leastBusy(order);
    case 'cheapest': return cheapest(order);
    case 'fastest': return fastest(order);
    case 'adaptive': return adaptive(order);
  }
}

interface Weighed {
  readonly target: OpenTarget;
  readonly weight: number;
}

function weighted(order: OrderContext): Ordered {
  const { look, draws, most } = order;
  const weighed = look.open.map((target) => (
    { target, weight: target.weight * target.condition.share }
  ));
  const drawn = weightedOrder(weighed, draws, most);
  const first = drawn[0];
  const all = weighed.reduce((sum, { weight }) => sum + weight, 0);
  const targets = drawn
    .filter(({ target }, index) => index === 0 || target.able.target.fallback)
    .map(({ target }) => target);
  const reason = `drawn with weight ${short(first?.weight ?? 0)} of ${short(all)}`;
  return { targets, reason, scores: scoresOf(drawn) };
}

/** Calls under way relative to weight; equal ones in the order of the draw. */
function leastBusy(order: OrderContext): Ordered {
  const looking = { ...order.context, look: order.look };
  return inPlace(order, (one) => {
    let calls = 0;
    for (const key of one.keys) calls += busyKey(key.name, looking);
    return calls / Math.max(one.weight, 0.001);
  }, 'least calls under way for its weight');
}

/** Cost of this request at worst; a target without a price comes last. */
function cheapest(order: OrderContext): Ordered {
  return inPlace(order, (one) => costOf(one, order), 'cheapest for this request');
}

/** p50 of the first token for streams, of whole answers else; what is not measured comes first. */
function fastest(order: OrderContext): Ordered {
  if (order.draws() < explored) {
    const { targets, reason } = weighted(order);
    return { targets, reason: `explored: ${reason}`, scores: new Map() };
  }
  return inPlace(order, (one) => latencyOf(one, order) ?? 0, 'fastest to answer lately');
}

/**
 * weight × share × best latency / latency × load × √(least cost / cost), drawn: share is what health
 * leaves it (success cubed, slowness, slow start), load lessens what has more calls under way for its
 * weight than the mean. Products, so that no merit makes good for a fault; a draw, so that it is a
 * bandit that explores in proportion and a herd never turns at once; the root, because money is
 * weighed against time and the cheapest is often slow.
 */
function adaptive(order: OrderContext): Ordered {
  const { look, draws, most } = order;
  const facts = look.open.map((target) => ({
    target, latency: latencyOf(target, order), cost: costOf(target, order), busy: busyOf(target),
  }));
  const bestLatency = least(facts.map(({ latency }) => latency ?? Infinity));
  const leastCost = least(facts.map(({ cost }) => cost));
  const meanBusy = facts.reduce((sum, { busy }) => sum + busy, 0) / Math.max(1, facts.length);
  const weighed = facts.map(({ target, latency, cost, busy }) => {
    const own = target.weight * target.condition.share;
    const byLatency = latency === null || latency <= 0 ? 1 : bestLatency / latency;
    const byLoad = meanBusy <= 0 || busy <= meanBusy ? 1 : meanBusy / busy;
    const byCost = cost <= 0 || !Number.isFinite(cost) || !Number.isFinite(leastCost)
      ? 1 : Math.sqrt(leastCost / cost);
    return { target, weight: Math.max(own * byLatency * byLoad * byCost, own * exploredMin) };
  });
  const drawn = weightedOrder(weighed, draws, most);
  const all = weighed.reduce((sum, { weight }) => sum + weight, 0);
  return {
    targets: drawn.map(({ target }) => target),
    reason: `drawn with score ${short(drawn[0]?.weight ?? 0)} of ${short(all)}`,
    scores: scoresOf(drawn),
  };
}

/**
 * Sorted by a value, least first. A target in trouble keeps its place in as many cases as its share
 * says, and goes behind the others else. Without a value: as configured.
 */
function inPlace(
  order: OrderContext, value: ((one: OpenTarget) => number) | null, reason: string,
): Ordered {
  const { look, draws, most } = order;
  const scored = look.open.map((target) => (
    { target, weight: target.weight, score: value === null ? 0 : value(target) }
  ));
  const sorted = value === null ? scored : tiesDrawn(scored, draws, most);
  const stays: Scored[] = [];
  const yields: Scored[] = [];
  for (const one of sorted) {
    const { share } = one.target.condition;
    if (share >= 1 || draws() < share) stays.push(one);
    else yields.push(one);
  }
  const ordered = [...stays, ...yields];
  return {
    targets: ordered.map(({ target }) => target), reason,
    scores: new Map(value === null ? [] : ordered.map(({ target, score }) => [target, score])),
  };
}

interface Scored extends Weighed {
  readonly score: number;
}

/** Equal ones in the order of a draw by weight, as many as are needed. */
function tiesDrawn(scored: readonly Scored[], draws: Draws, most: number): Scored[] {
  // Infinity less Infinity is no number, and they are equal.
  const sorted = [...scored].sort((a, b) => (a.score === b.score ? 0 : a.score - b.score));
  const order: Scored[] = [];
  for (let from = 0; from < sorted.length && order.length < most;) {
    const score = sorted[from]?.score;
    let to = from + 1;
    while (to < sorted.length && sorted[to]?.score === score) to += 1;
    order.push(...weightedOrder(sorted.slice(from, to), draws, most));
    from = to;
  }
  return order;
}

/** The first open one of the session's own order comes first, unless it keeps less than half. */
function sticky(session: string, ordered: Ordered, { able, look, job }: OrderContext): Ordered {
  const names = weightedOrder(able, drawsOf(seedOf(`${job.submitted.key}\n${session}`, 0)));
  for (const one of names) {
    const open = look.open.find((target) => target.able === one);
    if (open === undefined || open.condition.share < 0.5) continue;
    const rest = ordered.targets.filter((target) => target !== open);
    return { ...ordered, targets: [open, ...rest], reason: 'its session stays here' };
  }
  return ordered;
}

/** ms; null: not measured. Recent, else what is usual. */
function latencyOf({ health }: OpenTarget, { job }: OrderContext): number | null {
  if (health === undefined) return null;
  const { recent, baseline } = job.submitted.call.stream ? health.firstToken : health.total;
  return recent.p50 ?? baseline.p50;
}

function costOf({ able }: OpenTarget, { job, context }: OrderContext): number {
  const { prompt_tokens_estimate: promptTokens, needs } = job.submitted;
  const { provider, model } = able.target;
  const price = priceOf(context.governance, provider.provider, model);
  if (price === null) return Infinity;
  return Number(worstCase(price, { promptTokens, outputTokens: outputAtWorst(job.submitted, promptTokens), needs }));
}

/** Calls under way for its weight, as folded: of the overlay only what bounds calls is asked. */
function busyOf({ underWay, weight }: OpenTarget): number {
  return underWay / Math.max(weight, 0.001);
}

function least(values: readonly number[]): number {
  return values.reduce((best, value) => Math.min(best, value), Infinity);
}

function scoresOf(weighed: readonly Weighed[]): ReadonlyMap<OpenTarget, number> {
  return new Map(weighed.map(({ target, weight }) => [target, weight]));
}

/** Three digits are enough for people, and the log holds thousands of them. */
export function short(value: number): number {
  return Number.isFinite(value) ? Number(value.toPrecision(3)) : 0;
}
