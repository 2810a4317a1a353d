// Quantiles of a stream of values that forgets: a histogram with buckets a quarter apart, whose
// counts are halved after each half-life. Only additions, halvings and comparisons, so that a fold
// gives the same on every machine (logarithms do not have to). Error of a quantile: one bucket.

export interface Sketch {
  /** When the counts were last halved, ms. */
  halvedAtMs: number;
  /** Sum of the counts. */
  total: number;
  /** By bucket; most targets use some twenty of them. */
  readonly counts: number[];
  /** Quantiles as of the last value: decisions ask for them far more often than values come. */
  p50: number | null;
  p90: number | null;
}

/** Upper ends from 1 to about a million (ms, or tokens/s), each a quarter above the last. */
const ends: readonly number[] = Array.from({ length: 62 }).reduce<number[]>(
  (all) => [...all, (all.at(-1) ?? 0.8) * 1.25], [],
);
/** After so many half-lives nothing is left that counts. */
const halvingsMax = 40;
const forgottenBelow = 1e-3;

export function newSketch(): Sketch {
  return { halvedAtMs: 0, total: 0, counts: [], p50: null, p90: null };
}

/** Adds a value seen at `atMs`; an older time than the last one counts as the last one. */
export function addValue(
  sketch: Sketch, value: number, atMs: number,
  { halfLifeMs, weight = 1 }: { readonly halfLifeMs: number; readonly weight?: number },
): void {
  age(sketch, atMs, halfLifeMs);
  const bucket = bucketOf(value);
  while (sketch.counts.length <= bucket) sketch.counts.push(0);
  sketch.counts[bucket] = (sketch.counts[bucket] as number) + weight;
  sketch.total += weight;
  sketch.p50 = quantile(sketch, 0.5);
  sketch.p90 = quantile(sketch, 0.9);
}

/** The value below which `share` of the weight lies (middle of its bucket); null while empty. */
export function quantile(sketch: Sketch, share: number): number | null {
  if (sketch.total < forgottenBelow) return null;
  let left = share * sketch.total;
  for (let bucket = 0; bucket < sketch.counts.length; bucket += 1) {
    left -= sketch.counts[bucket] as number;
    if (left <= 0) return middleOf(bucket);
  }
  return middleOf(sketch.counts.length - 1);
}

function age(sketch: Sketch, atMs: number, halfLifeMs: number): void {
  if (sketch.halvedAtMs === 0) sketch.halvedAtMs = atMs;
  const lives = Math.floor((atMs - sketch.halvedAtMs) / halfLifeMs);
  if (lives <= 0) return;
  sketch.halvedAtMs += lives * halfLifeMs;
  let factor = 1;
  for (let count = Math.min(halvingsMax, lives); count > 0; count -= 1) factor /= 2;
  let total = 0;
  for (let bucket = 0; bucket < sketch.counts.length; bucket += 1) {
    const count = (sketch.counts[bucket] as number) * factor;
    sketch.counts[bucket] = count < forgottenBelow ? 0 : count;
    total += sketch.counts[bucket] as number;
  }
  sketch.total = total;
}

function bucketOf(value: number): number {
  let low = 0;
  let high = ends.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value <= (ends[middle] as number)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function middleOf(bucket: number): number {
  const end = ends[Math.max(0, bucket)] as number;
  return (end + end / 1.25) / 2;
}
