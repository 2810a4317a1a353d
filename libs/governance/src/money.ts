// Money: whole numbers of 10⁻¹² USD as decimal strings, computed as bigint. Never a float.
const picoDigits = 12;

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
 * null when the text is no decimal number or is finer than 10⁻¹² USD, unless that is to be rounded up.
 */
export function picoFromUsdDecimalString(
  text: string, finer: 'refuse' | 'round_up' = 'refuse',
): string | null {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d{1,3}))?$/i.exec(text.trim());
  if (match === null) return null;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const shift = picoDigits + Number(exponent) - fraction.length;
  const digits = `${whole}${fraction}`;
  const scaled = shift >= 0 ? `${digits}${'0'.repeat(shift)}` : cutDigits(digits, -shift, finer);
  if (scaled === null) return null;
  const amount = BigInt(scaled);
  return String(sign === '-' ? -amount : amount);
}

function cutDigits(digits: string, count: number, finer: 'refuse' | 'round_up'): string | null {
  const kept = digits.slice(0, Math.max(0, digits.length - count));
  const cut = digits.slice(kept.length);
  if (/^0*$/.test(cut)) return `0${kept}`;
  return finer === 'refuse' ? null : String(BigInt(`0${kept}`) + 1n);
}
