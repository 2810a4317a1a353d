// The form of the virtual keys that Holdfast makes: `hf_`, 43 letters of base62 that stand for 256
// random bits, and 6 that are their CRC-32. So one that was mistyped is told from one that is not
// known, and scanners of secrets find it: /\bhf_[0-9A-Za-z]{49}\b/.

const prefix = 'hf_';
/** 62⁴³ is just above 2²⁵⁶. */
const randomLetters = 43;
/** 62⁶ is above 2³². */
const checkLetters = 6;
const shape = new RegExp(`^${prefix}[0-9A-Za-z]{${randomLetters + checkLetters}}$`);
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** How many random bytes a key is made of. */
export const keyBytes = 32;
/** Letters of a key that people see: the prefix and four more. */
export const hintLetters = 7;

export function formatKey(random: Uint8Array): string {
  let value = 0n;
  for (const byte of random) value = value * 256n + BigInt(byte);
  const letters = base62(value, randomLetters);
  return `${prefix}${letters}${checkOf(letters)}`;
}

/**
 * `well_formed`: made here, or well guessed. `mistyped`: it has the length of one, and a letter of it
 * is wrong. `cut`: it begins like one and has another length. `other`: somebody chose it.
 */
export type KeyForm = 'well_formed' | 'mistyped' | 'cut' | 'other';

export function formOf(value: string): KeyForm {
  if (!value.startsWith(prefix)) return 'other';
  if (!shape.test(value)) return 'cut';
  const letters = value.slice(prefix.length, prefix.length + randomLetters);
  return value.endsWith(checkOf(letters)) ? 'well_formed' : 'mistyped';
}

function checkOf(letters: string): string {
  return base62(BigInt(crc32(letters)), checkLetters);
}

function base62(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest /= 62n) {
    text = (alphabet[Number(rest % 62n)] as string) + text;
  }
  return text;
}

/** CRC-32 as in zlib, of a text of ASCII letters. Bit by bit: only what is not known is looked at so. */
function crc32(text: string): number {
  let crc = 0xffffffff;
  for (let index = 0; index < text.length; index += 1) {
    crc ^= text.charCodeAt(index);
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
