// What a routing may cost at worst: reserved before, settled after. Budgets come to it later.
import type { Candidate } from '@libs/events/job-events';
import type { Price } from '@libs/events/usage';

/** Without a limit of the request: what models commonly stop at. */
const outputTokensDefault = 4096;

/**
 * Worst case over the dearest candidate, for as many calls as may cost at the same time; null when
 * the price of any is not known.
 */
export function holdFor(
  candidates: readonly Candidate[], promptTokens: number, maxOutputTokens: number | null, calls = 1,
): { amount_pico_usd: string } | null {
  let dearest = 0n;
  for (const { price } of candidates) {
    if (price === null) return null;
    const amount = worstCase(price, promptTokens, maxOutputTokens ?? outputTokensDefault);
    if (amount > dearest) dearest = amount;
  }
  return { amount_pico_usd: String(dearest * BigInt(calls)) };
}

/** Tokens written to a cache may cost more than plain ones: the dearer of the two counts. */
export function worstCase(price: Price, promptTokens: number, outputTokens: number): bigint {
  const plain = BigInt(price.input_per_token);
  const written = BigInt(price.cache_write_per_token);
  return BigInt(promptTokens) * (plain > written ? plain : written)
    + BigInt(outputTokens) * BigInt(price.output_per_token)
    + BigInt(price.per_request);
}
