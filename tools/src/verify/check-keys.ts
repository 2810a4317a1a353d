// Sealed content is read with its key. One that is not there any more must have been destroyed by an
// erasure that stands in the log; and one that was destroyed must not be there.
import { nameOfKey, parseRecord } from '@libs/content-keys/key-record';
import { type KeyStore } from '@libs/content-keys/key-store';
import { type Problem, problem } from './problem';

/** As references to content are written; checkpoints have a `key_id`, too. */
const keyOfContent = /"where":"(?:line|object)","key_id":"([^"]+)"/g;
const isErasure = /"type":"SubjectErased"/;

/** What the event lines say of keys, one line after the other. */
export class KeysNamed {
  /** Of content, with the first commit that names each. */
  readonly used = new Map<string, number>();
  readonly erased = new Set<string>();

  note(sequence: number, line: string): void {
    if (line.includes('"key_id":"')) {
      for (const [, id] of line.matchAll(keyOfContent)) {
        if (id !== undefined && !this.used.has(id)) this.used.set(id, sequence);
      }
    }
    if (!isErasure.test(line.slice(0, 200))) return;
    for (const id of keysOf(line)) this.erased.add(id);
  }
}

/** Of every key that content names: is it there, or erased, and not both. */
export async function checkKeys(store: KeyStore, { used, erased }: KeysNamed): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const [id, sequence] of used) {
    const isThere = await holds(store, id);
    if (isThere && erased.has(id)) {
      problems.push(problem('key', `the key ${id} was destroyed by an erasure, and is there`));
    } else if (!isThere && !erased.has(id)) {
      problems.push(problem('key', `the key ${id} (content from commit ${sequence} on) is not there, and `
        + 'no erasure in the log says why'));
    }
  }
  return problems;
}

async function holds(store: KeyStore, id: string): Promise<boolean> {
  const text = await store.get(nameOfKey(id));
  return text !== null && parseRecord(text).id === id;
}

function keysOf(line: string): readonly string[] {
  try {
    const { data } = JSON.parse(line) as { data?: { keys?: readonly string[] } };
    return data?.keys ?? [];
  } catch {
    // A broken commit is archived as it is; an erasure that nobody can read proves nothing.
    return [];
  }
}
