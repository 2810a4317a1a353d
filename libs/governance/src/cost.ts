// What a call cost by its usage, and what it may cost at worst, at the price it was planned at.
import type { Price, Usage } from '@libs/events/usage';

type Rates = Omit<
  Price, 'per_request' | 'per_web_search' | 'discount_basis_points' | 'tiers' | 'context_tokens'
>;

/** Without a bound of the request; models that search stop after a few (Anthropic's `max_uses` 5). */
const webSearchesAtWorst = 5n;
const wholeInBasisPoints = 10_000n;

/**
 * 10⁻¹² USD, as a whole number; null when usage or price is not known: an unknown cost is never zero.
 * Cached, written, audio and image tokens are parts of the input tokens, as reasoning is of the output.
 */
export function costOf(usage: Usage | null, price: Price | null): string | null {
  if (usage === null || price === null) return null;
  const rates = ratesFor(usage.input_tokens, price);
  const sum = inputCost(usage, rates) + outputCost(usage, rates)
    + BigInt(price.per_request)
    + BigInt(usage.web_searches ?? 0) * BigInt(price.per_web_search ?? '0');
  return String(discounted(sum, price));
}

/** What of a request can be dearer than its plain tokens: `needs` of its submission. */
export interface Expected {
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly needs: readonly string[];
}

/** Every token at the dearest rate that may hold for it: what is booked is at most that. */
export function worstCase(price: Price, { promptTokens, outputTokens, needs }: Expected): bigint {
  const rates = ratesFor(promptTokens, price);
  const hears = needs.includes('audio');
  const input = dearest(rates.input_per_token, rates.cache_write_per_token,
    needs.includes('cache_control') ? rates.cache_write_1h_per_token : undefined,
    hears ? rates.audio_input_per_token : undefined,
    needs.includes('images') ? rates.image_input_per_token : undefined);
  const output = dearest(rates.output_per_token, rates.reasoning_per_token,
    hears ? rates.audio_output_per_token : undefined, rates.image_output_per_token);
  const searches = needs.includes('web_search') || needs.includes('server_tools')
    ? webSearchesAtWorst : 0n;
  return discounted(BigInt(promptTokens) * input + BigInt(outputTokens) * output
    + BigInt(price.per_request) + searches * BigInt(price.per_web_search ?? '0'), price);
}

function inputCost(usage: Usage, rates: Rates): bigint {
  const cached = atMost(usage.cached_input_tokens, usage.input_tokens);
  const written = atMost(usage.cache_write_tokens, usage.input_tokens - cached);
  const forAnHour = atMost(usage.cache_write_1h_tokens, written);
  const cachedAudio = atMost(usage.cached_audio_tokens, cached);
  const plain = usage.input_tokens - cached - written;
  const audio = atMost((usage.audio_input_tokens ?? 0) - cachedAudio, plain);
  const image = atMost(usage.image_input_tokens, plain - audio);
  const { input_per_token: input, cached_input_per_token: read, cache_write_per_token: write } = rates;
  return times(plain - audio - image, input)
    + times(audio, rates.audio_input_per_token ?? input)
    + times(image, rates.image_input_per_token ?? input)
    + times(cached - cachedAudio, read)
    + times(cachedAudio, rates.cached_audio_per_token ?? read)
    + times(written - forAnHour, write)
    + times(forAnHour, rates.cache_write_1h_per_token ?? write);
}

function outputCost(usage: Usage, rates: Rates): bigint {
  const total = usage.output_tokens;
  const reasoning = atMost(usage.reasoning_tokens, total);
  const audio = atMost(usage.audio_output_tokens, total - reasoning);
  const image = atMost(usage.image_output_tokens, total - reasoning - audio);
  const { output_per_token: output } = rates;
  return times(total - reasoning - audio - image, output)
    + times(reasoning, rates.reasoning_per_token ?? output)
    + times(audio, rates.audio_output_per_token ?? output)
    + times(image, rates.image_output_per_token ?? output);
}

/** A long prompt puts the whole call into the last tier it passes. */
function ratesFor(inputTokens: number, price: Price): Rates {
  return price.tiers?.findLast((tier) => inputTokens > tier.above_input_tokens) ?? price;
}

/** Rounded up to the next whole 10⁻¹² USD. */
function discounted(amount: bigint, { discount_basis_points: off }: Price): bigint {
  if (off === undefined) return amount;
  const paid = amount * (wholeInBasisPoints - BigInt(off));
  return (paid + wholeInBasisPoints - 1n) / wholeInBasisPoints;
}

function dearest(first: string, ...others: readonly (string | undefined)[]): bigint {
  let most = BigInt(first);
  for (const rate of others) {
    if (rate !== undefined && BigInt(rate) > most) most = BigInt(rate);
  }
  return most;
}

/** A provider's account may contradict itself: no part is larger than what it is part of. */
function atMost(part: number | undefined, whole: number): number {
  return Math.max(0, Math.min(part ?? 0, whole));
}

function times(tokens: number, rate: string): bigint {
  return tokens === 0 ? 0n : BigInt(tokens) * BigInt(rate);
}
