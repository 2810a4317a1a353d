// Whether a client key that somebody chose is good enough. Generated ones are.
import { formOf } from '@libs/governance/key-format';

/** A guessable client key is worse than none; generated ones have 40 letters and more. */
const lettersMin = 16;
/** `aaaaaaaaaaaaaaaa`, `0123012301230123`: long and weak. */
const distinctMin = 6;

/** What is wrong with it, without repeating it; null: nothing. */
export function keyWeakness(value: string): string | null {
  if (value.length < lettersMin) {
    return `this key is too short to be safe: at least ${lettersMin} letters`;
  }
  if (new Set(value).size < distinctMin) {
    return `this key is too weak: it has fewer than ${distinctMin} different letters`;
  }
  return formOf(value) === 'mistyped'
    ? 'this looks like a key that Holdfast made, and its checksum does not fit: it was mistyped'
    : null;
}
