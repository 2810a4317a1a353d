// What every store of wrapped data keys must do; run against the one in memory and the real one.
import { describe, expect, it } from '@jest/globals';
import { type KeyStore, type StoredKey } from '@libs/content-keys/key-store';

const always = (): boolean => true;

/** `newStore` gives one that only this test uses. */
export function describeKeyStore(name: string, newStore: () => Promise<KeyStore>): void {
  describe(`${name}: keys`, () => {
    it('a key is there once it was made, and the first one made stays', async () => {
      const store = await newStore();
      expect(await store.get('a')).toBeNull();
      expect(await store.create('a', 'first')).toBe(true);
      expect(await store.create('a', 'second')).toBe(false);
      expect(await store.get('a')).toBe('first');
    });

    it('of many that make the same one at once, one does', async () => {
      const store = await newStore();
      const made = await Promise.all(
        Array.from({ length: 8 }, (_, at) => store.create('race', String(at))),
      );
      expect(made.filter((won) => won)).toHaveLength(1);
      expect(await store.get('race')).toBe(String(made.indexOf(true)));
    });

    it('a key that is replaced is not there twice, and goes as a whole', async () => {
      const store = await newStore();
      await store.create('b', 'old');
      await store.replace('b', 'new');
      expect(await store.get('b')).toBe('new');
      expect(await all(store)).toEqual([{ name: 'b', value: 'new' }]);
      await store.destroy('b', always);
      expect(await store.get('b')).toBeNull();
    });

    it('a destroyed key is gone, its name is free, and to destroy it again is no error', async () => {
      const store = await newStore();
      await store.create('c', 'one');
      await store.destroy('c', (value) => value === 'one');
      await store.destroy('c', always);
      expect(await store.get('c')).toBeNull();
      expect(await store.create('c', 'two')).toBe(true);
      await store.destroy('c', (value) => value === 'one');
      expect(await store.get('c')).toBe('two');
    });

    it('names that stand under another are found with it', async () => {
      const store = await newStore();
      for (const name of ['d', 'd.2026w48', 'dd', 'e.d']) await store.create(name, name);
      expect((await store.namesUnder('d')).toSorted()).toEqual(['d', 'd.2026w48']);
      expect(await store.namesUnder('none')).toEqual([]);
    });

    it('names that have a time are found among the others', async () => {
      const store = await newStore();
      const timed = ['f.none-12', 'f.kept-34', 'g.redacted-5', 'g.hash-6'];
      for (const name of [...timed, 'f', 'erased.f.none-1.ab', 'erased.f.ab']) await store.create(name, name);
      expect((await store.timedNames()).toSorted()).toEqual(timed.toSorted());
    });
  });
}

async function all(store: KeyStore): Promise<StoredKey[]> {
  const entries: StoredKey[] = [];
  for await (const { name, value } of store.entries()) entries.push({ name, value });
  return entries;
}
