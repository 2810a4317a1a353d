// The dearest things in a folded profile: functions by their own time, and places (files of ours,
// packages) by what is spent in them.
import { round } from '../statistics';
import { type Frame, type FrameName } from './fold-profile';

export interface Dear extends FrameName {
  /** Percent of the busy time: its own, and with everything it calls. */
  readonly selfPercent: number;
  readonly totalPercent: number;
}

export interface DearPlace {
  readonly place: string;
  readonly percent: number;
}

export function dearestFunctions(root: Frame, count: number): Dear[] {
  const sums = new Map<string, FrameName & { selfUs: number; totalUs: number }>();
  walk(root, new Set(), (frame, isOutermost) => {
    const key = `${frame.name} ${frame.place}`;
    const sum = sums.get(key) ?? { name: frame.name, place: frame.place, selfUs: 0, totalUs: 0 };
    sum.selfUs += frame.selfUs;
    // A function that calls itself is on the stack once.
    if (isOutermost) sum.totalUs += frame.totalUs;
    sums.set(key, sum);
  });
  return [...sums.values()]
    .sort((a, b) => b.selfUs - a.selfUs)
    .slice(0, count)
    .map(({ name, place, selfUs, totalUs }) => ({
      name, place,
      selfPercent: percent(selfUs, root), totalPercent: percent(totalUs, root),
    }));
}

export function dearestPlaces(root: Frame, count: number): DearPlace[] {
  const sums = new Map<string, number>();
  walk(root, new Set(), ({ place, name, selfUs }) => {
    const where = place === '' ? name : place;
    sums.set(where, (sums.get(where) ?? 0) + selfUs);
  });
  return [...sums]
    .sort(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([place, selfUs]) => ({ place, percent: percent(selfUs, root) }));
}

function walk(
  frame: Frame, above: Set<string>, visit: (frame: Frame, isOutermost: boolean) => void,
): void {
  for (const [key, child] of frame.children) {
    const isOutermost = !above.has(key);
    visit(child, isOutermost);
    if (isOutermost) above.add(key);
    walk(child, above, visit);
    if (isOutermost) above.delete(key);
  }
}

function percent(us: number, root: Frame): number {
  return root.totalUs === 0 ? 0 : round((us / root.totalUs) * 100, 1);
}
