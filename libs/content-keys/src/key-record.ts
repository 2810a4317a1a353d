// What is kept in the store of keys: wrapped data keys by name, and the marks of those that were erased.
// A key id is `<name>.<suffix>`: the name says under which entry it is found, the suffix which of the
// keys that were ever made under that name it is. What a name stands for (a data subject, a customer)
// is its maker's affair: readers of content need the id alone.
import { z } from 'zod';

const keyRecord = z.object({
  /** The whole key id. */
  id: z.string(),
  /** Id of the master key that wraps it. */
  master: z.string(),
  /** The data key, encrypted under the master key; base64. */
  wrapped: z.string(),
  created_at_ms: z.number().int(),
});
export type KeyRecord = z.infer<typeof keyRecord>;

/** Parts with dots between them: keys of one data subject may have names under that of the subject. */
const keyName = /^[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64}){0,3}$/;

export function isKeyName(name: string): boolean {
  return keyName.test(name) && !isErasedEntry(name);
}

export function nameOfKey(keyId: string): string {
  const dot = keyId.lastIndexOf('.');
  return dot < 0 ? keyId : keyId.slice(0, dot);
}

/** What is being destroyed because its time is over (services/ingress). */
export const sweepEntry = 'sweep';

/** What stands in the place of an erased key for ever, under `erasedEntry` of its id. */
export function erasedMark(erasure: string, erasedAtMs: number): string {
  return JSON.stringify({ erasure, erased_at_ms: erasedAtMs });
}

/** Under which entry the mark of an erased key stands. */
export function erasedEntry(keyId: string): string {
  return `erased.${keyId}`;
}

export function isErasedEntry(entry: string): boolean {
  return entry.startsWith('erased.');
}

export function erasedKeyOf(entry: string): string {
  return entry.slice('erased.'.length);
}

/** @throws ZodError when it is no record of ours. */
export function parseRecord(text: string): KeyRecord {
  return keyRecord.parse(JSON.parse(text));
}
