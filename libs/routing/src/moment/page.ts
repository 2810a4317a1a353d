// A page of entries: at most so many, and no more text than one answer may have.
import type { Entry, LazyEntry } from './entries';

export interface PageOrder {
  readonly limit: number;
  /** Key of the last entry of the page before. */
  readonly after: string | null;
}

export interface Page {
  readonly data: readonly Entry[];
  readonly has_more: boolean;
}

/** `entries` sorted by key. There is one entry at least, however large, unless none is left. */
export function pageOf(
  entries: readonly LazyEntry[], { limit, after }: PageOrder, charsMax: number,
): Page {
  const from = after === null ? 0 : firstAfter(entries, after);
  const data: Entry[] = [];
  let chars = 0;
  for (let at = from; at < entries.length && data.length < limit; at += 1) {
    const { key, value } = entries[at] as LazyEntry;
    const entry = { key, value: value() };
    chars += JSON.stringify(entry).length;
    if (data.length > 0 && chars > charsMax) break;
    data.push(entry);
  }
  return { data, has_more: from + data.length < entries.length };
}

function firstAfter(entries: readonly LazyEntry[], after: string): number {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entries[middle] as LazyEntry).key <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}
