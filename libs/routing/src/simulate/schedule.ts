// What happens when, earliest first; equal times in the order they were given. A binary heap.

export interface Scheduled {
  readonly atMs: number;
  readonly run: (atMs: number) => void;
}

export interface Schedule {
  readonly heap: (Scheduled & { readonly order: number })[];
  order: number;
}

export function newSchedule(): Schedule {
  return { heap: [], order: 0 };
}

export function schedule(plan: Schedule, atMs: number, run: (atMs: number) => void): void {
  const { heap } = plan;
  heap.push({ atMs, run, order: plan.order });
  plan.order += 1;
  for (let at = heap.length - 1; at > 0;) {
    const parent = (at - 1) >> 1;
    if (!isBefore(heap, at, parent)) return;
    swap(heap, at, parent);
    at = parent;
  }
}

/** Takes the earliest; null when there is nothing left. */
export function next({ heap }: Schedule): Scheduled | null {
  const first = heap[0];
  const last = heap.pop();
  if (first === undefined || last === undefined) return null;
  if (heap.length === 0) return first;
  heap[0] = last;
  for (let at = 0; ;) {
    const left = 2 * at + 1;
    if (left >= heap.length) return first;
    const child = left + 1 < heap.length && isBefore(heap, left + 1, left) ? left + 1 : left;
    if (!isBefore(heap, child, at)) return first;
    swap(heap, child, at);
    at = child;
  }
}

function isBefore(heap: Schedule['heap'], one: number, other: number): boolean {
  const [a, b] = [heap[one], heap[other]] as [Schedule['heap'][number], Schedule['heap'][number]];
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

function swap(heap: Schedule['heap'], one: number, other: number): void {
  const kept = heap[one] as Schedule['heap'][number];
  heap[one] = heap[other] as Schedule['heap'][number];
  heap[other] = kept;
}
