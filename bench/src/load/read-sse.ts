// Counts the tokens in a stream of server-sent events, as it comes in, in any pieces.

/** The simulator's tokens are four characters each. */
const charsPerToken = 4;
/** The text of a delta, with escapes. */
const contentPattern = /"content":"((?:[^"\\]|\\.)*)"/g;

export class TokenCounter {
  #rest = '';
  #chars = 0;
  done = false;

  get tokens(): number {
    return Math.round(this.#chars / charsPerToken);
  }

  /** Characters of content that were in this piece; complete events only. */
  take(piece: string): number {
    const text = this.#rest + piece;
    const end = text.lastIndexOf('\n\n');
    if (end < 0) {
      this.#rest = text;
      return 0;
    }
    this.#rest = text.slice(end + 2);
    const events = text.slice(0, end);
    if (events.endsWith('data: [DONE]')) this.done = true;
    let chars = 0;
    for (const [, content = ''] of events.matchAll(contentPattern)) chars += lengthOf(content);
    this.#chars += chars;
    return chars;
  }
}

function lengthOf(escaped: string): number {
  return escaped.includes('\\') ? (JSON.parse(`"${escaped}"`) as string).length : escaped.length;
}
