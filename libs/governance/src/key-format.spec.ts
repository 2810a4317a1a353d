// Rules of the form of a virtual key.
import { describe, expect, test } from '@jest/globals';
import { seededRandom } from '@libs/test-kit/seeded-random';
import { formatKey, formOf, keyBytes } from './key-format';

const random = seededRandom(11);
const bytes = (): Uint8Array => Uint8Array.from({ length: keyBytes }, () => random.whole(0, 255));

describe('a key that Holdfast made', () => {
  test('is found by the documented expression, wherever it stands', () => {
    for (let run = 0; run < 500; run += 1) {
      const key = formatKey(bytes());
      expect(`api_key="${key}"`.match(/\bhf_[0-9A-Za-z]{49}\b/)?.[0]).toBe(key);
      expect(formOf(key)).toBe('well_formed');
    }
  });

  test('carries all of its 256 bits', () => {
    const all = formatKey(new Uint8Array(keyBytes).fill(255));
    expect(formOf(all)).toBe('well_formed');
    expect(formatKey(new Uint8Array(keyBytes)).startsWith(`hf_${'0'.repeat(43)}`)).toBe(true);
    const last = new Uint8Array(keyBytes).fill(255);
    last[31] = 254;
    expect(formatKey(last)).not.toBe(all);
  });

  test('has the CRC-32 that zlib gives', () => {
    // Of 43 zeros 2018072207, which is 2CZclj in base62; by Python's zlib.
    expect(formatKey(new Uint8Array(keyBytes))).toBe(`hf_${'0'.repeat(43)}2CZclj`);
  });

  test('with any one letter mistyped, or two swapped, is told from one that is not known', () => {
    const key = formatKey(bytes());
    for (let at = 3; at < key.length; at += 1) {
      const other = key[at] === 'x' ? 'y' : 'x';
      expect(formOf(`${key.slice(0, at)}${other}${key.slice(at + 1)}`)).toBe('mistyped');
      if (at + 1 < key.length && key[at] !== key[at + 1]) {
        expect(formOf(`${key.slice(0, at)}${key[at + 1]}${key[at]}${key.slice(at + 2)}`)).toBe('mistyped');
      }
    }
    expect([formOf(key.slice(0, -1)), formOf(`${key}x`)]).toEqual(['cut', 'cut']);
  });

  test('is not mixed up with keys that somebody chose', () => {
    expect(['hf-first-key-0000', 'sk-abc', 'hfa-x'].map(formOf)).toEqual(['other', 'other', 'other']);
  });
});
