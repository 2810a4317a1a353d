// What a routing may cost at worst: reserved before, settled after. What of it each
// budget holds: ledger/parts.ts.
import type { Candidate } from '@libs/events/job-events';
import { type Expected, worstCase } from '@libs/governance/cost';
import type { JobFacts } from '@libs/jobs/state';

/** Without a limit of the request: what models commonly stop at. */
export const outputTokensDefault = 4096;

/**
 * Worst case over the dearest candidate, for as many calls as may cost at the same time; null when
 * the price of any is not known.
 */
export function holdFor(
  candidates: readonly Candidate[], expected: Expected, calls = 1,
): { amount_pico_usd: string } | null {
  let dearest = 0n;
  for (const { price } of candidates) {
    if (price === null) return null;
    const amount = worstCase(price, expected);
    if (amount > dearest) dearest = amount;
  }
  return { amount_pico_usd: String(dearest * BigInt(calls)) };
}

/** Of all its answers. */
export function outputAtWorst(
  { max_output_tokens: most, answers = 1 }: Pick<JobFacts['submitted'], 'max_output_tokens' | 'answers'>,
  otherwise = outputTokensDefault,
): number {
  return Math.min(Number.MAX_SAFE_INTEGER, (most ?? otherwise) * answers);
}

/** What a request is expected to need at most, as its holds are computed. */
export function expectedOf({ submitted }: Pick<JobFacts, 'submitted'>): Expected {
  return {
    promptTokens: submitted.prompt_tokens_estimate,
    outputTokens: outputAtWorst(submitted),
    needs: submitted.needs,
  };
}
