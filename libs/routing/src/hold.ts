// What a routing may cost at worst: reserved before, settled after. What of it each
// budget holds: ledger/parts.ts.
import type { Candidate } from '@libs/events/job-events';
import type { Price } from '@libs/events/usage';

/** Without a limit of the request: what models commonly stop at. */
export const outputTokensDefault = 4096;

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
  // As it will be booked: a long prompt puts the whole call into the last tier it passes.
  const rates = price.tiers?.findLast((tier) => promptTokens > tier.above_input_tokens) ?? price;
  const plain = BigInt(rates.input_per_token);
  const written = BigInt(rates.cache_write_per_token);
  return BigInt(promptTokens) * (plain > written ? plain : written)
    + BigInt(outputTokens) * BigInt(rates.output_per_token)
    + BigInt(price.per_request);
}
