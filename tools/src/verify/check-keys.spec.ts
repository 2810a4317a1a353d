import { expect, test } from '@jest/globals';
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
  return (await checkKeys(store, named)).map(({ message }) => message);
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
