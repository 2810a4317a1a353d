// From the flags of `holdfast prices set` to the body that the API takes.
import { Failure } from '../shared/failure';
import { wholeNumber } from '../shared/flag-values';

/** Amounts of a price: flag, field of the API, what is paid. The first two are needed. */
export const amounts = [
  ['input', 'input_usd_per_mtok', 'prompt tokens'],
  ['output', 'output_usd_per_mtok', 'answer tokens'],
  ['cached-input', 'cached_input_usd_per_mtok', 'prompt tokens read from a cache (else as input)'],
  ['cache-write', 'cache_write_usd_per_mtok', 'prompt tokens written to a cache (else as input)'],
  ['cache-write-1h', 'cache_write_1h_usd_per_mtok', 'those written for an hour'],
  ['reasoning', 'reasoning_usd_per_mtok', 'tokens of reasoning (else as output)'],
  ['audio-input', 'audio_input_usd_per_mtok', 'audio tokens of a prompt'],
  ['cached-audio', 'cached_audio_usd_per_mtok', 'those read from a cache'],
  ['audio-output', 'audio_output_usd_per_mtok', 'audio tokens of an answer'],
  ['image-input', 'image_input_usd_per_mtok', 'picture tokens of a prompt'],
  ['image-output', 'image_output_usd_per_mtok', 'picture tokens of an answer'],
  ['per-request', 'usd_per_request', 'each call, in USD'],
  ['per-web-search', 'usd_per_web_search', 'each search, in USD'],
] as const;

export interface PriceName {
  readonly provider: string;
  readonly model: string;
}

/** @throws Failure when it names no model of a provider. */
export function priceName(text: string): PriceName {
  const [, provider, model] = /^([^/]+)\/(.+)$/.exec(text) ?? [];
  if (provider !== undefined && model !== undefined) return { provider, model };
  throw new Failure(`Say which as provider/model, e.g. openai/gpt-4o, not "${text}".`);
}

/**
 * Amounts stay text all the way: a number would be cut to what a double keeps. `flags`: by their long
 * names. @throws Failure when one is not what it should be.
 */
export function priceBody(flags: Readonly<Record<string, string | undefined>>): object {
  const { discount, 'context-tokens': context } = flags;
  const given = amounts.flatMap(([flag, field]) => {
    const text = flags[flag];
    return text === undefined ? [] : [[field, amountOf(`--${flag}`, text)] as const];
  });
  return {
    ...Object.fromEntries(given),
    ...(discount === undefined ? {} : { discount_percent: percentOf(discount) }),
    ...(context === undefined ? {} : { context_tokens: wholeNumber('--context-tokens', context) }),
  };
}

function amountOf(flag: string, text: string): string {
  if (/^\d+(\.\d+)?$/.test(text)) return text;
  throw new Failure(
    `${flag} ${text}: write an amount in USD that is not negative, e.g. 2.5 or 0.075, without a currency.`);
}

/** A share, not an amount: hundredths of a percent are as exact as it is. */
function percentOf(text: string): number {
  if (/^\d{1,3}(\.\d{1,2})?$/.test(text) && Number(text) <= 100) return Number(text);
  throw new Failure(`--discount ${text}: write a percentage up to 100, e.g. 12.5.`);
}
