// Cuts from the beginning of a continuation what its reader has already: the whole text where the
// provider says it once more, and the white space that was left out of what the provider was given.

export interface RepeatedText {
  /** Said once more as a whole, or not at all. */
  echo: string;
  /** White space that stands before the continuation already. */
  owed: string;
  /** Held back until it is known whether it is an echo. */
  held: string;
}

/** `text` is what the reader has; the provider was given it, or without the space at its end. */
export function repeatedText(
  text: string, { echoes, trimmed }: { readonly echoes: boolean; readonly trimmed: boolean },
): RepeatedText {
  const body = text.trimEnd();
  const space = text.slice(body.length);
  return { echo: echoes ? body : '', owed: echoes || trimmed ? space : '', held: '' };
}

/** What is new in a further piece of text. */
export function newIn(state: RepeatedText, piece: string): string {
  return withoutSpace(state, withoutEcho(state, piece));
}

/** What was held back, when no more text comes. */
export function heldBack(state: RepeatedText): string {
  const { held } = state;
  state.held = '';
  state.echo = '';
  return held;
}

function withoutEcho(state: RepeatedText, piece: string): string {
  const { echo } = state;
  if (echo === '') return piece;
  const said = state.held + piece;
  if (said.length < echo.length && echo.startsWith(said)) {
    state.held = said;
    return '';
  }
  state.echo = '';
  state.held = '';
  if (said.startsWith(echo)) return said.slice(echo.length);
  // It does not echo, and was given the white space: what it says is all its own.
  state.owed = '';
  return said;
}

function withoutSpace(state: RepeatedText, text: string): string {
  const { owed } = state;
  let at = 0;
  while (at < owed.length && at < text.length && owed[at] === text[at]) at += 1;
  // Ended by the first other character.
  state.owed = at === text.length ? owed.slice(at) : '';
  return text.slice(at);
}
