// Sealed content is read with its key. One that is not there any more must have been destroyed by an
// erasure that stands in the log, or its name has a time that is over; and one of which the log says that
// it was destroyed must not be there.
import { nameOfKey, parseRecord } from '@libs/content-keys/key-record';
import { type KeyStore } from '@libs/content-keys/key-store';
import { timeOfKey } from '@libs/content-keys/timed-name';
import { type Problem, problem } from './problem';

/** As references to content are written; checkpoints have a `key_id`, too. */
const keyOfContent = /"where":"(?:line|object)","key_id":"([^"]+)"/g;
const isErasure = /"type":"SubjectErased"/;
const isDestruction = /"type":"ContentKeysDestroyed"/;

/** What the event lines say of keys, one line after the other. */
export class KeysNamed {
  /** Of content, with the first commit that names each. */
  readonly used = new Map<string, number>();
  readonly erased = new Set<string>();
  /** Up to here the log says that keys with a time are destroyed. */
  destroyedThroughMs = 0;

  note(sequence: number, line: string): void {
    if (line.includes('"key_id":"')) {
      for (const [, id] of line.matchAll(keyOfContent)) {
        if (id !== undefined && !this.used.has(id)) this.used.set(id, sequence);
      }
    }
    const start = line.slice(0, 200);
    if (isErasure.test(start)) for (const id of dataOf(line).keys ?? []) this.erased.add(id);
    if (!isDestruction.test(start)) return;
    this.destroyedThroughMs = Math.max(this.destroyedThroughMs, dataOf(line).through_ms ?? 0);
  }
}

/** Of every key that content names: is it there, or gone for a reason, and not both. */
export async function checkKeys(
  store: KeyStore, named: KeysNamed, nowMs: number,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const [id, sequence] of named.used) {
    const isThere = await holds(store, id);
    const untilMs = timeOfKey(id)?.untilMs ?? Infinity;
    if (isThere && named.erased.has(id)) {
      problems.push(problem('key', `the key ${id} was destroyed by an erasure, and is there`));
    } else if (isThere && untilMs <= named.destroyedThroughMs) {
      problems.push(problem('key', `the key ${id} was destroyed when its time was over, and is there`));
    } else if (!isThere && !named.erased.has(id) && untilMs > nowMs) {
      problems.push(problem('key', `the key ${id} (content from commit ${sequence} on) is not there, and `
        + 'neither an erasure in the log nor its time says why'));
    }
  }
  return problems;
}

async function holds(store: KeyStore, id: string): Promise<boolean> {
  const text = await store.get(nameOfKey(id));
  return text !== null && parseRecord(text).id === id;
}

interface Destroyed {
  readonly keys?: readonly string[];
  readonly through_ms?: number;
}

function dataOf(line: string): Destroyed {
  try {
    return (JSON.parse(line) as { data?: Destroyed }).data ?? {};
  } catch {
    // A broken commit is archived as it is; what nobody can read proves nothing.
    return {};
  }
}
