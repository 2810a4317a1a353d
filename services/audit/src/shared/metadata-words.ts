// Words of metadata, for finding events by text. The same for what is kept and for what is asked. Pure.

/** More, and longer ones, are for nobody to look for; they would bloat the index. */
const wordsMax = 64;
const wordCharsMax = 64;

/** Runs of letters and digits, in lower case, each once. */
export function wordsOf(text: string): string[] {
  const found = text.normalize('NFC').toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return [...new Set(found.map((word) => word.slice(0, wordCharsMax)))].slice(0, wordsMax);
}

/** Names and values. null: there are none. */
export function metadataWords(metadata: Readonly<Record<string, string>>): string[] | null {
  const words = wordsOf(Object.entries(metadata).flat().join(' '));
  return words.length === 0 ? null : words;
}
