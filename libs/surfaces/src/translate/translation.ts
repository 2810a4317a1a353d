// The result of translating a request to another kind of provider.
import { type JsonObject } from '../json';

export interface Translation {
  readonly body: JsonObject;
  /** Parameters left out although the answer may differ without them. */
  readonly unsupported: readonly string[];
  /** Parameters left out that are only hints (billing tier, caching, tags). */
  readonly hints: readonly string[];
}

/** Collects what could not be carried over, in order and without repeats. */
export interface Losses {
  readonly unsupported: Set<string>;
  readonly hints: Set<string>;
}

export function noLosses(): Losses {
  return { unsupported: new Set(), hints: new Set() };
}

export function translation(body: JsonObject, losses: Losses): Translation {
  return { body, unsupported: [...losses.unsupported], hints: [...losses.hints] };
}

/** Fields of ours, never sent to any provider. */
export const ownFields: ReadonlySet<string> = new Set(['fallbacks']);

/** Every given field that nobody translated is named as left out. */
export function noteUnknownFields(
  body: JsonObject, known: ReadonlySet<string>, losses: Losses,
): void {
  for (const field of Object.keys(body)) {
    if (!known.has(field) && !ownFields.has(field) && body[field] !== null) {
      losses.hints.add(field);
    }
  }
}
