// Names of keys that are destroyed at a time of their own: `<data subject>.<kind>-<seconds>`. The time
// stands in the name, so that whoever meets a key id knows how long what it sealed may be read, and
// nobody has to remember which keys there are.

/** A policy whose original is not kept, or `kept`: for so many days. */
export type TimedKind = 'redacted' | 'hash' | 'none' | 'kept';

export interface KeyTime {
  readonly kind: TimedKind;
  readonly untilMs: number;
}

const timed = /^[^.]+\.(redacted|hash|none|kept)-(\d{1,12})(?:\.|$)/;

export function timedName(subject: string, { kind, untilMs }: KeyTime): string {
  return `${subject}.${kind}-${Math.floor(untilMs / 1000)}`;
}

/** Of a name or a key id; null: it has none and stays until it is erased. */
export function timeOfKey(name: string): KeyTime | null {
  const match = timed.exec(name);
  if (match === null) return null;
  return { kind: match[1] as TimedKind, untilMs: Number(match[2]) * 1000 };
}
