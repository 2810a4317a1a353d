// What is put in the place of something masked, and the small tool that all kinds are found with.

export const tags = {
  secret: '[secret]', email: '[email]', phone: '[phone]', card: '[card]', iban: '[iban]', ip: '[ip]',
} as const;

/** A text with what was found in it replaced. */
export interface Masked {
  readonly text: string;
  readonly count: number;
}

/** One shape to look for. */
export interface Shape {
  /** Without one of these nothing is looked for: almost every text has none, and costs nothing more. */
  readonly hints: readonly string[];
  /**
   * Global. Bounded or with one way to match only, and begun where a word begins, so that the time is
   * linear in the text whatever it is.
   */
  readonly pattern: RegExp;
  /** What stands in its place; null: it only looks like one. */
  readonly replace: (match: string) => string | null;
}

export function maskShapes(given: string, shapes: readonly Shape[]): Masked {
  let text = given;
  let count = 0;
  for (const { hints, pattern, replace } of shapes) {
    if (hints.length > 0 && !hints.some((hint) => text.includes(hint))) continue;
    text = text.replace(pattern, (match) => {
      const instead = replace(match);
      if (instead === null) return match;
      count += 1;
      return instead;
    });
  }
  return { text, count };
}
