// Says what happened where archive and stored tree part: lines changed, missing, inserted or moved.
// Event lines are unique (each has an id of its own), so hashes that come again are the same line.
import { sameHash } from '@libs/audit-tree/tree-hash';
import { type Problem, problem } from './problem';

export interface PlacedLeaf {
  readonly sequence: number;
  readonly line: number;
  readonly hash: Uint8Array;
}

/** `actual` from the archive and `expected` from the tree begin where they differ first. */
export function placeDifference(
  index: number, actual: readonly PlacedLeaf[], expected: readonly Uint8Array[],
): Problem {
  const [first] = actual;
  const [wanted] = expected;
  if (first === undefined) {
    return problem('truncated', `the archive ends before event line ${index} of the tree`);
  }
  const at = `commit ${first.sequence}, line ${first.line} (event line ${index} of the tree)`;
  if (wanted === undefined) return problem('inserted', `${at}: the tree ends before it`);
  const later = actual.findIndex(({ hash }) => sameHash(hash, wanted));
  const skipped = expected.findIndex((hash) => sameHash(hash, first.hash));
  if (later > 0 && skipped > 0) {
    return problem('moved', `${at}: event lines do not stand in the order in which they were archived`);
  }
  if (skipped > 0) return problem('missing', `${at}: ${lines(skipped)} missing before it`);
  if (later > 0) return problem('inserted', `${at}: ${lines(later)} there that the log never had`);
  return problem('changed', `${at}: not the event line that was archived`);
}

function lines(count: number): string {
  return count === 1 ? '1 event line is' : `${count} event lines are`;
}
