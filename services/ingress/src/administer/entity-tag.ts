// Optimistic concurrency between administrators: who changes an entity may say which one it has seen.
import { sha256Hex } from '@libs/log/content';
import { type HttpRefusal, refusal } from '../shared/refusal';

/** Names what an entity is, not when it became so. */
export function tagOf(view: object): string {
  return `"${sha256Hex(JSON.stringify(view)).slice(0, 16)}"`;
}

/** `ifMatch`: the header; null where it is not given, or names what there is. */
export function mismatch(
  ifMatch: string | undefined, view: object | null, what: string,
): HttpRefusal | null {
  if (ifMatch === undefined || (view !== null && (ifMatch === '*' || ifMatch === tagOf(view)))) {
    return null;
  }
  return changedMeanwhile(what);
}

export function changedMeanwhile(what: string): HttpRefusal {
  return refusal(412, 'changed_meanwhile',
    `Somebody else changed ${what} meanwhile; read it again, and decide again.`);
}
