// What flags of several commands are given, read: lists, pairs, numbers.
import { Failure } from './failure';

/** Takes a rule away where it is given instead of one. */
export const none = 'none';

export function listOf(text: string | undefined): string[] | undefined {
  return text?.split(',').map((part) => part.trim()).filter((part) => part !== '');
}

/** @throws Failure when it is no pair. */
export function pairOf(text: string): [string, string] {
  const equals = text.indexOf('=');
  if (equals <= 0) throw new Failure(`--metadata takes name=value, not "${text}".`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}

/** @throws Failure when it is no whole number above 0. */
export function wholeNumber(flag: string, text: string): number {
  const value = Number(text);
  if (/^[1-9]\d*$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new Failure(`${flag} ${text}: write a whole number above 0.`);
}
