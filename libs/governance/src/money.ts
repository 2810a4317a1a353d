// Money: whole numbers of 10⁻¹² USD as decimal strings, computed as bigint. Never a float.
import type { Price, Usage } from '@libs/events/usage';

const picoDigits = 12;

/**
 * What a call cost, by the price it was planned at. null when usage or price is not known: an
 * unknown cost is never zero. Cached tokens are part of the input tokens; written ones too.
 */
export function costOf(usage: Usage | null, price: Price | null): string | null {
  if (usage === null || price === null) return null;
  const cached = Math.min(usage.cached_input_tokens, usage.input_tokens);
  const written = Math.min(usage.cache_write_tokens, usage.input_tokens - cached);
  const plain = usage.input_tokens - cached - written;
  const rates = ratesFor(usage.input_tokens, price);
  return String(
    BigInt(plain) * BigInt(rates.input_per_token)
    + BigInt(cached) * BigInt(rates.cached_input_per_token)
    + BigInt(written) * BigInt(rates.cache_write_per_token)
    + BigInt(usage.output_tokens) * BigInt(rates.output_per_token)
    + BigInt(price.per_request),
  );
}

/** A long prompt puts the whole call into the last tier it passes. */
function ratesFor(
  inputTokens: number, price: Price,
): Omit<Price, 'per_request' | 'tiers'> {
  return price.tiers?.findLast((tier) => inputTokens > tier.above_input_tokens) ?? price;
}

/** Sum of two amounts. */
export function addPico(one: string, other: string): string {
  return String(BigInt(one) + BigInt(other));
}

/** Sum of the amounts that are known; null when none is. */
export function sumKnownPico(amounts: Iterable<string | null>): string | null {
  let sum: bigint | null = null;
  for (const amount of amounts) {
    if (amount !== null) sum = (sum ?? 0n) + BigInt(amount);
  }
  return sum === null ? null : String(sum);
}

/** `123000000` → `0.000123`: decimal USD without trailing zeros. */
export function usdFromPico(amount: string): string {
  const negative = amount.startsWith('-');
  const digits = (negative ? amount.slice(1) : amount).padStart(picoDigits + 1, '0');
  const whole = digits.slice(0, -picoDigits);
  const fraction = digits.slice(-picoDigits).replace(/0+$/, '');
  return `${negative ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

/**
 * `0.000123` → `123000000`, exactly; also `1.25e-6`, as JavaScript prints small numbers.
 * null when the text is no decimal number or is finer than 10⁻¹² USD.
 */
export function picoFromUsdDecimalString(text: string): string | null {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d{1,3}))?$/i.exec(text.trim());
  if (match === null) return null;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const shift = picoDigits + Number(exponent) - fraction.length;
  const digits = `${whole}${fraction}`;
  const scaled = shift >= 0 ? `${digits}${'0'.repeat(shift)}` : cutZeros(digits, -shift);
  if (scaled === null) return null;
  const amount = BigInt(scaled);
  return String(sign === '-' ? -amount : amount);
}

function cutZeros(digits: string, count: number): string | null {
  const kept = digits.slice(0, Math.max(0, digits.length - count));
  const cut = digits.slice(kept.length);
  return /^0*$/.test(cut) ? `0${kept}` : null;
}
