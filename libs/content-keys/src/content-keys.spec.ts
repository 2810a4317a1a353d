import { describe, expect, it } from '@jest/globals';
import { inlineContentBytesMax } from '@libs/events/content';
import { contentLineText } from '@libs/events/parse-commit';
import { isFault } from '@libs/faults/faults';
import { sha256Hex } from '@libs/log/content';
import { InMemoryLog } from '@libs/log/in-memory-log';
import { Secret } from '@libs/settings/secret';
import { describeKeyStore } from '@libs/test-kit/key-store-contract';
import { InMemoryKeyStore } from './in-memory-key-store';
import { erasedEntry, nameOfKey } from './key-record';
import { keysForSpecs } from './keys-for-specs';
import { openLine, openObject, sealContent, sealInline } from './sealed-content';
import { openSubjectKeys } from './subject-keys';

describeKeyStore('memory', () => Promise.resolve(new InMemoryKeyStore()));

const prompt = '{"messages":[{"role":"user","content":"Grüße, José 👋"}]}';
const faultOf = (work: Promise<unknown>): Promise<string> => work.then(
  () => 'none', (error: unknown) => (isFault(error) ? error.code : String(error)),
);

describe('sealed content', () => {
  it('is read back by its key, and neither it nor its hash says what it was', async () => {
    const key = await keysForSpecs().keyOf('subject');
    const { ref, lines } = sealInline(prompt, key)!;
    const wire = lines.map(contentLineText);
    expect(ref).toMatchObject({ bytes: Buffer.byteLength(prompt), where: 'line', key_id: key.id });
    expect(openLine(wire, ref, key)).toBe(prompt);
    expect(wire[0]).not.toContain('user');
    expect(ref.sha256).not.toBe(sha256Hex(prompt));
    expect(ref.sha256).toBe(sha256Hex(Buffer.from(lines[0]!.text, 'base64')));
  });

  it('of equal texts is different in lines, and the same in objects, which are kept once', async () => {
    const key = await keysForSpecs().keyOf('subject');
    expect(sealInline(prompt, key)!.ref.sha256).not.toBe(sealInline(prompt, key)!.ref.sha256);
    const log = new InMemoryLog();
    const large = 'x'.repeat(inlineContentBytesMax + 1);
    const [one, two] = [await sealContent(log, large, key), await sealContent(log, large, key)];
    expect(one).toEqual(two);
    expect(log.objects.size).toBe(1);
    expect(openObject(await log.getObject(one.ref.sha256), one.ref, key)).toBe(large);
  });

  it('that was changed, or that another key sealed, is not opened', async () => {
    const keys = keysForSpecs();
    const [one, other] = [await keys.keyOf('one'), await keys.keyOf('other')];
    const sealed = one.seal(prompt, 'fresh');
    expect(await faultOf(Promise.resolve().then(() => other.open(sealed)))).toBe('object_missing');
    sealed[20]! ^= 1;
    expect(await faultOf(Promise.resolve().then(() => one.open(sealed)))).toBe('object_missing');
  });

  it('without a key is as it always was', () => {
    const { ref, lines } = sealInline(prompt, null)!;
    expect(ref).toEqual({ sha256: sha256Hex(prompt), bytes: Buffer.byteLength(prompt), where: 'line' });
    expect(openLine(lines.map(contentLineText), ref, null)).toBe(prompt);
  });
});

describe('data keys', () => {
  it('a known subject costs no question', async () => {
    const store = new InMemoryKeyStore();
    const keys = keysForSpecs(store);
    const key = await keys.keyOf('subject');
    const asked = store.reads;
    for (let request = 0; request < 100; request += 1) expect(await keys.keyOf('subject')).toBe(key);
    expect(await keys.keyOfContent({ key_id: key.id })).toBe(key);
    expect(store.reads).toBe(asked);
  });

  it('two processes that meet a subject at once use the same key', async () => {
    const store = new InMemoryKeyStore();
    const [one, other] = [keysForSpecs(store), keysForSpecs(store)];
    const made = await Promise.all([one.keyOf('subject'), other.keyOf('subject'), one.keyOf('subject')]);
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
    expect(made[0].open(made[1].seal(prompt, 'fresh'))).toBe(prompt);
  });

  it('a destroyed key is asked for again at the latest after ten minutes', async () => {
    const store = new InMemoryKeyStore();
    let nowMs = 0;
    const keys = keysForSpecs(store, { now: () => nowMs });
    const { id } = await keys.keyOf('subject');
    await store.destroy('subject', () => true);
    nowMs = 599_999;
    expect((await keys.keyOfContent({ key_id: id }))?.id).toBe(id);
    await new Promise((resolve) => setImmediate(resolve));
    // The look behind the scenes has found nothing.
    expect(await faultOf(keys.keyOfContent({ key_id: id }))).toBe('content_key_missing');
    expect((await keys.keyOf('subject')).id).not.toBe(id);
  });

  it('a read that was under way when its key was forgotten is not kept', async () => {
    const store = new InMemoryKeyStore();
    const { id } = await keysForSpecs(store).keyOf('subject');
    const keys = keysForSpecs(store);
    const read = keys.keyOfContent({ key_id: id });
    keys.forget('subject');
    expect((await read)?.id).toBe(id);
    expect(keys.size).toBe(0);
  });

  it('an erased key is said to be erased, a lost one to be lost', async () => {
    const store = new InMemoryKeyStore();
    const keys = keysForSpecs(store);
    const { id } = await keys.keyOf('subject');
    keys.forget('subject');
    await store.destroy('subject', () => true);
    expect(await faultOf(keys.keyOfContent({ key_id: id }))).toBe('content_key_missing');
    await store.create(erasedEntry(id), JSON.stringify({ erasure: 'era_1', erased_at_ms: 1 }));
    expect(await faultOf(keys.keyOfContent({ key_id: id }))).toBe('content_erased');
    const next = await keys.keyOf('subject');
    expect(nameOfKey(next.id)).toBe('subject');
    expect(await faultOf(keys.keyOfContent({ key_id: id }))).toBe('content_erased');
    expect(await keys.keyOfContent({ key_id: next.id })).toBe(next);
  });

  it('no more are kept than there is room for', async () => {
    const keys = keysForSpecs(undefined, { keysMax: 10 });
    for (let subject = 0; subject < 50; subject += 1) await keys.keyOf(`subject-${subject}`);
    expect(keys.size).toBe(10);
  });

  it('fingerprints are equal for equal texts under one key only', async () => {
    const keys = keysForSpecs();
    const [one, other] = [await keys.keyOf('one'), await keys.keyOf('other')];
    expect(one.fingerprint('a')).toBe(one.fingerprint('a'));
    expect(one.fingerprint('a')).not.toBe(one.fingerprint('b'));
    expect(one.fingerprint('a').split(':')[1]).not.toBe(other.fingerprint('a').split(':')[1]);
  });
});

describe('the master key', () => {
  it('is needed: with another one nothing is opened', async () => {
    const store = new InMemoryKeyStore();
    await openSubjectKeys(store, new Secret('master'), Date.now);
    const opened = openSubjectKeys(store, new Secret('other'), Date.now);
    expect(await faultOf(opened)).toBe('content_key_missing');
  });
});

describe('names of data subjects', () => {
  it('are the same in every process, say nothing, and keep customers apart', async () => {
    const store = new InMemoryKeyStore();
    const open = (): ReturnType<typeof openSubjectKeys> =>
      openSubjectKeys(store, new Secret('master'), Date.now);
    const [one, other] = await Promise.all([open(), open()]);
    const name = one.names.nameOf('acme', 'ada@example.org');
    expect(name).toMatch(/^[0-9a-f]{32}$/);
    expect(other.names.nameOf('acme', 'ada@example.org')).toBe(name);
    const names = [name, one.names.nameOf('beta', 'ada@example.org'), one.names.nameOf('acme', null)];
    expect(new Set(names).size).toBe(3);
  });
});
