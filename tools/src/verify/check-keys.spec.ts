import { describe, expect, test } from '@jest/globals';
import { InMemoryKeyStore } from '@libs/content-keys/in-memory-key-store';
import { checkKeys, KeysNamed } from './check-keys';

async function found(there: readonly string[], erased: readonly string[]): Promise<string[]> {
  const store = new InMemoryKeyStore();
  for (const id of there) {
    const record = { id, master: 'm', wrapped: 'w', created_at_ms: 1 };
    await store.create('a', JSON.stringify(record));
  }
  const named = new KeysNamed();
  named.note(7, '{"id":"1","type":"JobSubmitted","data":{"body":{"sha256":"x","bytes":1,"where":"line","key_id":"a.1"}}}');
  named.note(8, '{"id":"2","type":"JobSubmitted","data":{"body":{"sha256":"y","bytes":1,"where":"line"}}}');
  named.note(8, '{"id":"2","type":"CheckpointSigned","data":{"origin":"o","key_id":"1f2e3d4c"}}');
  if (erased.length > 0) {
    named.note(9, JSON.stringify({ id: '3', type: 'SubjectErased', data: { keys: erased } }));
  }
  return (await checkKeys(store, named, 0)).map(({ message }) => message);
}

test('content whose key is there, or was erased, is as it should be', async () => {
  expect(await found(['a.1'], [])).toEqual([]);
  expect(await found([], ['a.1'])).toEqual([]);
  expect(await found(['a.2'], ['a.1'])).toEqual([]);
});

test('a key that is gone without an erasure is named, with the first commit that needs it', async () => {
  expect(await found([], [])).toEqual([expect.stringContaining('a.1 (content from commit 7 on)')]);
  expect(await found(['a.2'], ['b.1'])).toHaveLength(1);
});

test('a key that was erased and is there is named', async () => {
  expect(await found(['a.1'], ['a.1'])).toEqual([expect.stringContaining('and is there')]);
});

describe('a key with a time', () => {
  const id = 'a.none-100.1';
  async function problems(
    { isThere, throughMs, nowMs }: { isThere: boolean; throughMs: number; nowMs: number },
  ): Promise<string[]> {
    const store = new InMemoryKeyStore();
    const record = { id, master: 'm', wrapped: 'w', created_at_ms: 1 };
    if (isThere) await store.create('a.none-100', JSON.stringify(record));
    const named = new KeysNamed();
    named.note(7, `{"id":"1","type":"JobSubmitted","data":{"body":{"sha256":"x","bytes":1,"where":"line","key_id":"${id}"}}}`);
    named.note(8, `{"id":"2","type":"ContentKeysDestroyed","data":{"through_ms":${throughMs},"keys":1,"by_kind":{"none":1}}}`);
    return (await checkKeys(store, named, nowMs)).map(({ message }) => message);
  }

  test('is there before its time, and may be gone after it', async () => {
    expect(await problems({ isThere: true, throughMs: 0, nowMs: 99_000 })).toEqual([]);
    expect(await problems({ isThere: false, throughMs: 100_000, nowMs: 101_000 })).toEqual([]);
    expect(await problems({ isThere: true, throughMs: 99_999, nowMs: 101_000 })).toEqual([]);
  });

  test('that is gone before its time is named, and one that the log says is destroyed and is there', async () => {
    expect(await problems({ isThere: false, throughMs: 0, nowMs: 99_000 })).toEqual(
      [expect.stringContaining('neither an erasure')]);
    expect(await problems({ isThere: true, throughMs: 100_000, nowMs: 101_000 })).toEqual(
      [expect.stringContaining('and is there')]);
  });
});
