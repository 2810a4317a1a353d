// The order of measurements: systems side by side in rounds, every other round backwards, so that a
// machine that gets slower or faster meanwhile does so for all of them.

/** One measurement of one system. */
export interface Cell {
  readonly round: number;
  readonly system: string;
  readonly delayMs: number;
  readonly connections: number;
}

export interface PlanInput {
  readonly systems: readonly string[];
  readonly rounds: number;
  readonly delaysMs: readonly number[];
  readonly connections: readonly number[];
}

export function planCells({ systems, rounds, delaysMs, connections }: PlanInput): Cell[] {
  return range(rounds).flatMap((round) =>
    delaysMs.flatMap((delayMs) => connections.flatMap((count) => {
      const order = round % 2 === 0 ? systems : [...systems].reverse();
      return order.map((system) => ({ round, system, delayMs, connections: count }));
    })));
}

export const cellKey = ({ round, system, delayMs, connections }: Cell): string =>
  `${round} ${system} ${delayMs} ${connections}`;

/** What is still to be measured. */
export function cellsLeft(cells: readonly Cell[], measured: readonly Cell[]): Cell[] {
  const done = new Set(measured.map(cellKey));
  return cells.filter((cell) => !done.has(cellKey(cell)));
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
