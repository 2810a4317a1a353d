// Which snapshots of the past may go: all of the last hour stay; before that one an hour for a week,
// then one a day, and wherever more would have to be folded from one to the next than is done in
// seconds. Beyond the room that they have, those go first that leave the least to fold. Pure.

export interface SnapshotPlace {
  readonly sequence: number;
  readonly atMs: number;
  readonly bytes: number;
  /** Event lines before it. */
  readonly events: number;
}

export interface ThinningRules {
  readonly nowMs: number;
  readonly bytesMax: number;
  /** Event lines between two that are folded in seconds. */
  readonly gapEventsMax: number;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const weekMs = 7 * dayMs;

/** Sequences that may go; `places` oldest first. The last one always stays. */
export function superfluous(places: readonly SnapshotPlace[], rules: ThinningRules): number[] {
  const kept = withinRoom(thinned(places, rules), rules.bytesMax);
  const stay = new Set(kept.map(({ sequence }) => sequence));
  return places.map(({ sequence }) => sequence).filter((sequence) => !stay.has(sequence));
}

function thinned(places: readonly SnapshotPlace[], rules: ThinningRules): SnapshotPlace[] {
  const kept: SnapshotPlace[] = [];
  places.forEach((place, at) => {
    const [before, next] = [kept.at(-1), places[at + 1]];
    const isWanted = before === undefined || next === undefined
      || rules.nowMs - place.atMs <= hourMs
      || periodOf(before, rules) !== periodOf(place, rules)
      || next.events - before.events > rules.gapEventsMax;
    if (isWanted) kept.push(place);
  });
  return kept;
}

/** One of each is enough. */
function periodOf({ atMs }: SnapshotPlace, { nowMs }: ThinningRules): string {
  return nowMs - atMs <= weekMs
    ? `hour ${Math.floor(atMs / hourMs)}` : `day ${Math.floor(atMs / dayMs)}`;
}

function withinRoom(places: readonly SnapshotPlace[], bytesMax: number): SnapshotPlace[] {
  const kept = [...places];
  let bytes = kept.reduce((sum, place) => sum + place.bytes, 0);
  while (bytes > bytesMax && kept.length > 1) {
    const [gone] = kept.splice(leastMissed(kept), 1);
    bytes -= gone?.bytes ?? 0;
  }
  return kept;
}

function leastMissed(kept: readonly SnapshotPlace[]): number {
  let least = 0;
  let leastEvents = Infinity;
  for (let at = 0; at < kept.length - 1; at += 1) {
    const events = (kept[at + 1]?.events ?? 0) - (kept[at - 1]?.events ?? 0);
    if (events < leastEvents) [least, leastEvents] = [at, events];
  }
  return least;
}
