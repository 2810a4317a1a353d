import { describe, expect, it } from '@jest/globals';
import { cellsLeft, planCells } from './plan';

const input = { systems: ['a', 'b', 'c'], rounds: 2, delaysMs: [0, 50], connections: [1, 64] };
const cells = planCells(input);

describe('the plan', () => {
  it('has every system in every mode in every round, once', () => {
    expect(cells.length).toBe(3 * 2 * 2 * 2);
    expect(new Set(cells.map((cell) => JSON.stringify(cell))).size).toBe(cells.length);
  });

  it('measures the systems of one mode one after the other', () => {
    expect(cells.slice(0, 3).map(({ system }) => system)).toEqual(['a', 'b', 'c']);
    expect(new Set(cells.slice(0, 3).map(({ connections }) => connections)).size).toBe(1);
  });

  it('goes backwards through the systems in every other round', () => {
    const second = cells.filter(({ round }) => round === 1);
    expect(second.slice(0, 3).map(({ system }) => system)).toEqual(['c', 'b', 'a']);
  });
});

describe('a run that was stopped', () => {
  it('carries on with what is missing, wherever it is', () => {
    const measured = cells.filter((_, index) => index < 5 || index === 10);
    const left = cellsLeft(cells, measured);
    expect(left.length).toBe(cells.length - 6);
    expect(left).not.toContainEqual(cells[10]);
    expect(left[0]).toEqual(cells[5]);
  });
});
