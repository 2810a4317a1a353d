// Prices as they are written in holdfast.yaml and sent to the API: in USD per million tokens.
import { z } from 'zod';
import type { Price } from '@libs/events/usage';
import { picoFromUsdDecimalString } from '@libs/governance/money';

const amountError = 'write an amount in USD that is not negative, e.g. 2.5 or "0.075", without a currency';
const usd = z.union([
  z.number().nonnegative({ error: amountError }),
  z.string().regex(/^\d+(\.\d+)?$/, { error: amountError }),
], { error: amountError });

const rates = {
  input_usd_per_mtok: usd,
  cached_input_usd_per_mtok: usd.optional(),
  cache_write_usd_per_mtok: usd.optional(),
  cache_write_1h_usd_per_mtok: usd.optional(),
  output_usd_per_mtok: usd,
  reasoning_usd_per_mtok: usd.optional(),
  audio_input_usd_per_mtok: usd.optional(),
  cached_audio_usd_per_mtok: usd.optional(),
  audio_output_usd_per_mtok: usd.optional(),
  image_input_usd_per_mtok: usd.optional(),
  image_output_usd_per_mtok: usd.optional(),
};

/** What is taken off; as exact as contracts are, hundredths of a percent. */
export const discountPercent = z.number().min(0).max(100).multipleOf(0.01, {
  error: 'has at most two digits behind the point',
});

export const priceFields = {
  ...rates,
  usd_per_request: usd.optional(),
  usd_per_web_search: usd.optional(),
  discount_percent: discountPercent.optional(),
  context_tokens: z.int().positive().optional(),
  tiers: z.array(z.strictObject({ above_input_tokens: z.int().positive(), ...rates })).max(10)
    .refine((tiers) => tiers.every(({ above_input_tokens: above }, at) =>
      at === 0 || above > (tiers[at - 1]?.above_input_tokens ?? 0)), {
      error: 'must rise in above_input_tokens',
    }).optional(),
};

export type PriceFields = z.output<z.ZodObject<typeof priceFields>>;
type RatesYaml = Omit<NonNullable<PriceFields['tiers']>[number], 'above_input_tokens'>;

export function buildPrice(yaml: PriceFields): Price {
  const { tiers = [], usd_per_web_search: perSearch, context_tokens: context } = yaml;
  return {
    ...buildRates(yaml),
    // A price of one request, not of a million tokens.
    per_request: pricePerToken(yaml.usd_per_request ?? 0, 0),
    ...(perSearch === undefined ? {} : { per_web_search: pricePerToken(perSearch, 0) }),
    ...discountOf(yaml.discount_percent),
    ...(tiers.length === 0 ? {} : {
      tiers: tiers.map((tier) => ({
        above_input_tokens: tier.above_input_tokens, ...buildRates(tier),
      })),
    }),
    ...(context === undefined ? {} : { context_tokens: context }),
  };
}

export function discountOf(percent: number | undefined): Pick<Price, 'discount_basis_points'> {
  if (percent === undefined || percent === 0) return {};
  return { discount_basis_points: Math.round(percent * 100) };
}

const millionDigits = 6;
/** A double keeps that many; what a calculation left behind them (0.30000000000000004) is nobody's price. */
const doubleDigits = 15;

/** `0.15` USD per million tokens → pico-USD per token, exactly; finer than that is rounded up. */
export function pricePerToken(usd: number | string, perDigits = millionDigits): string {
  const text = typeof usd === 'number' ? String(Number(usd.toPrecision(doubleDigits))) : usd;
  const pico = picoFromUsdDecimalString(text, 'round_up');
  if (pico === null) throw new RangeError(`not a price: ${usd}`);
  const divisor = 10n ** BigInt(perDigits);
  return String((BigInt(pico) + divisor - 1n) / divisor);
}

function buildRates(yaml: RatesYaml): Omit<Price, 'per_request'> {
  const input = pricePerToken(yaml.input_usd_per_mtok);
  return {
    input_per_token: input,
    cached_input_per_token: perToken(yaml.cached_input_usd_per_mtok) ?? input,
    cache_write_per_token: perToken(yaml.cache_write_usd_per_mtok) ?? input,
    output_per_token: pricePerToken(yaml.output_usd_per_mtok),
    ...present({
      cache_write_1h_per_token: perToken(yaml.cache_write_1h_usd_per_mtok),
      audio_input_per_token: perToken(yaml.audio_input_usd_per_mtok),
      cached_audio_per_token: perToken(yaml.cached_audio_usd_per_mtok),
      image_input_per_token: perToken(yaml.image_input_usd_per_mtok),
      reasoning_per_token: perToken(yaml.reasoning_usd_per_mtok),
      audio_output_per_token: perToken(yaml.audio_output_usd_per_mtok),
      image_output_per_token: perToken(yaml.image_output_usd_per_mtok),
    }),
  };
}

function perToken(value: number | string | undefined): string | undefined {
  return value === undefined ? undefined : pricePerToken(value);
}

function present<K extends string>(given: Record<K, string | undefined>): Partial<Record<K, string>> {
  const found: Partial<Record<K, string>> = {};
  for (const name of Object.keys(given) as K[]) {
    const value = given[name];
    if (value !== undefined) found[name] = value;
  }
  return found;
}
