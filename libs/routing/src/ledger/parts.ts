// What a routing holds in each account that bounds it: money by its dearest candidate there, tokens by
// prompt and longest answer, one request, one place among those under way.
import type { Candidate } from '@libs/events/job-events';
import type { RateKind } from '@libs/events/limits';
import { worstCase } from '@libs/governance/cost';
import type { JobFacts } from '@libs/jobs/state';
import { expectedOf, outputAtWorst } from '../hold';
import { type Bound, countsCall, countsRequest } from './bounds';

export interface PlannedPart {
  readonly bound: Bound;
  /** Held by each of its calls. */
  readonly perCall: bigint;
}

/** Of a routing, what its holds follow from: of a plan, or of the event that it became. */
export interface Routed {
  readonly routing: number;
  readonly plan: readonly Candidate[];
  readonly fallbacks_by_class: {
    readonly context_too_long: readonly Candidate[]; readonly content_filtered: readonly Candidate[];
  };
  readonly hedge?: object | undefined;
}

/** Calls of one routing that may cost at the same time. */
export function callsOf({ hedge }: Pick<Routed, 'hedge'>): number {
  return hedge === undefined ? 1 : 2;
}

export function partsOf(
  bounds: readonly Bound[], job: Pick<JobFacts, 'submitted'>, routed: Routed,
): PlannedPart[] {
  const parts: PlannedPart[] = [];
  const costs = costsOf(job, routed);
  for (const bound of bounds) {
    if (bound.isRepeated || !countsRequest(bound, job.submitted.model)) continue;
    const perCall = heldPerCall(bound, job, { routed, costs });
    if (perCall !== null) parts.push({ bound, perCall });
  }
  return parts;
}

interface Cost {
  readonly candidate: Candidate;
  readonly amount: bigint;
}

/** Of every candidate once, however many budgets there are. */
function costsOf(job: Pick<JobFacts, 'submitted'>, routed: Routed): readonly Cost[] {
  const { context_too_long: longer, content_filtered: filtered } = routed.fallbacks_by_class;
  return [...routed.plan, ...longer, ...filtered]
    .map((candidate) => ({ candidate, amount: costAtWorst(candidate, job) ?? 0n }));
}

/** null: the account has nothing to do with this routing. */
function heldPerCall(
  bound: Bound, job: Pick<JobFacts, 'submitted'>,
  { routed, costs }: { readonly routed: Routed; readonly costs: readonly Cost[] },
): bigint | null {
  switch (bound.kind) {
    case 'budget': return dearest(bound, job.submitted.model, costs);
    case 'tokens': case 'input_tokens': case 'output_tokens': return tokensOf(job, bound.kind);
    // A request is counted once, however often it is routed.
    case 'requests': return routed.routing === 1 ? 1n : null;
    case 'concurrent': return 1n;
  }
}

function dearest(bound: Bound, asked: string, costs: readonly Cost[]): bigint | null {
  let most: bigint | null = null;
  for (const { candidate, amount } of costs) {
    if (!countsCall(bound, candidate, asked)) continue;
    if (most === null || amount > most) most = amount;
  }
  return most;
}

/** null: its price is not known. */
export function costAtWorst(
  { price }: Pick<Candidate, 'price'>, job: Pick<JobFacts, 'submitted'>,
): bigint | null {
  return price === null ? null : worstCase(price, expectedOf(job));
}

export type TokenKind = Exclude<RateKind, 'requests'>;

/** Of one call at worst: its prompt as estimated, its longest answers. */
export function tokensOf({ submitted }: Pick<JobFacts, 'submitted'>, kind: TokenKind): bigint {
  const { prompt_tokens_estimate: prompt } = submitted;
  switch (kind) {
    case 'tokens': return BigInt(prompt) + BigInt(outputAtWorst(submitted));
    case 'input_tokens': return BigInt(prompt);
    case 'output_tokens': return BigInt(outputAtWorst(submitted));
  }
}
