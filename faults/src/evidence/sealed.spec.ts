// Sealed content is opened as the product sealed it; with another key it is not.
import { expect, test } from '@jest/globals';
import { createCipheriv, createHash, hkdfSync } from 'node:crypto';
import { readLog } from './log-evidence';
import { sealingKeyOf } from './sealed';

const derived = (secret: string | Buffer, purpose: string) => Buffer.from(hkdfSync('sha256', secret, '', purpose, 32));
const encrypted = (text: string | Buffer, key: Buffer, about: string): Buffer => {
  const nonce = Buffer.alloc(12, 7);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(about));
  return Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]);
};
const id = 'acme.1';
const material = Buffer.alloc(32, 3);
const record = JSON.stringify({
  id, wrapped: encrypted(material, derived('master', 'holdfast content keys: wrap'), id).toString('base64'),
});
const sealed = encrypted('{"a":1}', derived(material, 'holdfast content: seal'), id);
const sha256 = createHash('sha256').update(sealed).digest('hex');
const message = {
  sequence: 1, subject: 'events.job.0.x', msgId: 'm', atMs: 0,
  bytes: Buffer.from(JSON.stringify({ sha256, encoding: 'base64', key_id: id, text: sealed.toString('base64') })),
};

test('content is opened by its key, and its hash is that of what is stored', () => {
  const [commit] = readLog([message], new Set(), new Map([sealingKeyOf(record, 'master')!])).commits;
  expect([...commit!.content]).toEqual([[sha256, '{"a":1}']]);
  expect([...commit!.hashes]).toEqual([[sha256, sha256]]);
});

test('a commit whose content no key opens is told, and without keys it is left sealed', () => {
  expect(readLog([message], new Set(), new Map()).unreadable).toEqual([1]);
  expect(readLog([message], new Set(), new Map([[id, Buffer.alloc(32)]])).unreadable).toEqual([1]);
  expect(readLog([message], new Set()).commits[0]!.content.get(sha256)).toBe(sealed.toString('base64'));
  expect(() => sealingKeyOf(record, 'another')).toThrow();
  expect(sealingKeyOf('{"erasure":"era_1"}', 'master')).toBeNull();
});
