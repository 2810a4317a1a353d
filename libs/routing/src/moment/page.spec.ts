import { describe, expect, test } from '@jest/globals';
import { type LazyEntry } from './entries';
import { pageOf } from './page';

const entries: LazyEntry[] = ['a', 'c', 'e', 'g'].map((key) => ({ key, value: () => ({ text: key.repeat(50) }) }));
const keys = (order: { limit: number; after: string | null }, charsMax = 10_000): [string, boolean] => {
  const { data, has_more: more } = pageOf(entries, order, charsMax);
  return [data.map(({ key }) => key).join(''), more];
};

describe('a page', () => {
  test('goes on after a key, whether it is still there or not', () => {
    expect(keys({ limit: 2, after: null })).toEqual(['ac', true]);
    expect(keys({ limit: 2, after: 'c' })).toEqual(['eg', false]);
    expect(keys({ limit: 2, after: 'd' })).toEqual(['eg', false]);
    expect(keys({ limit: 2, after: 'z' })).toEqual(['', false]);
  });

  test('ends before it is too long, but has one entry at least', () => {
    expect(keys({ limit: 4, after: null }, 200)).toEqual(['ac', true]);
    expect(keys({ limit: 4, after: null }, 1)).toEqual(['a', true]);
  });

  test('after page shows every entry once', () => {
    let shown = '';
    for (let after: string | null = null; ;) {
      const { data, has_more: more } = pageOf(entries, { limit: 3, after }, 150);
      shown += data.map(({ key }) => key).join('');
      after = data.at(-1)?.key ?? null;
      if (!more) break;
    }
    expect(shown).toBe('aceg');
  });
});
