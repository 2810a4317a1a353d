import { describe, expect, test } from '@jest/globals';
import { InMemoryKeyStore } from '@libs/content-keys/in-memory-key-store';
import { erasedEntry } from '@libs/content-keys/key-record';
import { keysForSpecs } from '@libs/content-keys/keys-for-specs';
import { openLine, openObject, sealContent } from '@libs/content-keys/sealed-content';
import { timedName } from '@libs/content-keys/timed-name';
import { type ContentRef } from '@libs/events/content';
import { contentLineText } from '@libs/events/parse-commit';
import { InMemoryLog } from '@libs/log/in-memory-log';
import { sha256Hex } from '@libs/log/content';
import { keepAnswer } from './keep-answer';

const answer = '{"choices":[{"message":{"content":"Write to ada@example.org, +49 30 901820."}}]}';

/** Asked under policy `redacted`: the original goes at `untilMs`, the copy stays. */
async function scene(untilMs = 2_000_000_000_000) {
  const [store, log] = [new InMemoryKeyStore(), new InMemoryLog()];
  const keys = keysForSpecs(store);
  const key = await keys.keyOf(timedName('s', { kind: 'redacted', untilMs }));
  const standing = await keys.keyOf('s');
  const body: ContentRef = {
    ...(await sealContent(log, 'asked', key)).ref, redacted: (await sealContent(log, 'asked', standing)).ref,
  };
  return { store, log, keys, key, standing, body };
}

describe('an answer', () => {
  test('to what is kept redacted is there twice: as it was, and masked under the key that stays', async () => {
    const { log, keys, key, standing, body } = await scene();
    const { ref, lines } = await keepAnswer({ log, keys }, body, key, answer);
    const wire = lines.map(contentLineText);
    expect(openLine(wire, ref, key)).toBe(answer);
    expect(openLine(wire, ref.redacted!, standing)).toBe(
      '{"choices":[{"message":{"content":"Write to [email], [phone]."}}]}');
  });

  test('that is large is masked in the object store, and one that is no JSON as text', async () => {
    const { log, keys, key, standing, body } = await scene();
    const large = `ada@example.org ${'wide '.repeat(40_000)}`;
    const { ref, lines } = await keepAnswer({ log, keys }, body, key, large);
    expect(lines).toEqual([]);
    const copy = openObject(await log.getObject(ref.redacted!.sha256), ref.redacted!, standing);
    expect(copy).toBe(large.replace('ada@example.org', '[email]'));
  });

  test('to one who was erased meanwhile has no copy', async () => {
    const { store, log, keys, key, standing, body } = await scene();
    await store.create(erasedEntry(standing.id), '{}');
    await store.destroy('s', () => true);
    keys.forget('s');
    expect((await keepAnswer({ log, keys }, body, key, answer)).ref.redacted).toBeUndefined();
  });

  test('to what is kept as a hash has its own, and one to anything else neither', async () => {
    const { log, keys, key, body: { sha256, bytes, where } } = await scene();
    const body = { sha256, bytes, where };
    const hashed = await keepAnswer({ log, keys }, { ...body, plain_sha256: 'x' }, key, answer);
    expect(hashed.ref.plain_sha256).toBe(sha256Hex(answer));
    const { ref } = await keepAnswer({ log, keys }, body, key, answer);
    expect([ref.plain_sha256, ref.redacted]).toEqual([undefined, undefined]);
  });
});
