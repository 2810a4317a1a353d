// Chance that can be repeated: a seed from the job's id, draws from the seed. Pure.

/** FNV-1a, 32 bit: the seed of one routing of one job. */
export function seedOf(jobId: string, routing: number): number {
  const text = `${jobId}:${routing}`;
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash ^= text.charCodeAt(index);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}

/** Draws in [0, 1), one after the other. */
export type Draws = () => number;

/** mulberry32: 32 bits of state suffice for a handful of draws, and it is the same everywhere. */
export function drawsOf(seed: number): Draws {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/**
 * Items in the order of a weighted draw without replacement; weight 0 comes last, in order. At most
 * `most` are drawn: of a hundred targets a plan has eight.
 */
export function weightedOrder<T extends { readonly weight: number }>(
  items: readonly T[], draws: Draws, most = Infinity,
): T[] {
  if (items.length < 2) return [...items];
  const left = items.filter((item) => item.weight > 0);
  const order: T[] = [];
  while (left.length > 1 && order.length < most) {
    let point = draws() * left.reduce((sum, item) => sum + item.weight, 0);
    let index = 0;
    while (index < left.length - 1 && point >= (left[index] as T).weight) {
      point -= (left[index] as T).weight;
      index += 1;
    }
    order.push(...left.splice(index, 1));
  }
  return [...order, ...left, ...items.filter((item) => item.weight <= 0)].slice(0, most);
}
