// Whether a second call may start when the first is late, and when.
import type { Candidate } from '@libs/events/job-events';
import type { Hedging } from '@libs/events/routing-policy';
import type { JobFacts } from '@libs/jobs/state';
import { quantile } from './health/sketch';
import { type ProviderLoad, targetName } from './provider-load';
import { drawsOf } from './seeded';

/** Fewer calls say little about the slowest twentieth. */
const samplesMin = 20;
/** A first token within less is never worth a second call. */
const afterMinMs = 50;

/**
 * For who waits for content, in as many cases as the route's percentage says: the next candidate at
 * another target, after the p95 of the first one (Dean and Barroso, The Tail at Scale, 2013).
 */
export function hedgeFor(
  job: JobFacts, plan: readonly Candidate[],
  how: { readonly hedging: Hedging | null; readonly load: ProviderLoad; readonly seed: number },
): { readonly after_ms: number; readonly candidate: number } | null {
  const { hedging, load, seed } = how;
  const [first] = plan;
  if (hedging === null || first === undefined || job.submitted.mode === 'async') return null;
  // Draws of its own, so that hedging changes no other decision.
  if (drawsOf(seed ^ 0x5eed)() * 100 >= hedging.percent) return null;
  const candidate = plan.findIndex((one) =>
    one.provider !== first.provider || one.model !== first.model);
  if (candidate < 0) return null;
  const after = hedging.after_ms ?? usualMs(job, first, load);
  return after === null ? null : { after_ms: Math.max(afterMinMs, Math.ceil(after)), candidate };
}

function usualMs(job: JobFacts, first: Candidate, load: ProviderLoad): number | null {
  const health = load.targets.get(targetName(first.provider, first.model));
  if (health === undefined) return null;
  const { baseline } = job.submitted.call.stream ? health.firstToken : health.total;
  return baseline.total < samplesMin ? null : quantile(baseline, 0.95);
}
