// Finds the name that was probably meant, for error messages.

/** The nearest of `names` by edit distance, null when none is near enough to be a slip. */
export function nearestName(wrong: string, names: Iterable<string>): string | null {
  // A third of the letters may differ; short names may have two slips.
  const slipsMax = Math.max(2, Math.floor(wrong.length / 3));
  let best: { readonly name: string; readonly slips: number } | null = null;
  for (const name of names) {
    const slips = editDistance(wrong.toLowerCase(), name.toLowerCase());
    if (slips <= slipsMax && slips < (best?.slips ?? Infinity)) best = { name, slips };
  }
  return best !== null && best.slips < best.name.length ? best.name : null;
}

/** Levenshtein: insertions, deletions and replacements of single letters. */
export function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
