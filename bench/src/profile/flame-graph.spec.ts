import { describe, expect, it } from '@jest/globals';
import { boxesOf, flameGraph } from './flame-graph';
import { type Frame } from './fold-profile';

const frame = (name: string, totalUs: number, children: Frame[] = []): Frame => ({
  name, place: 'libs/a.ts', totalUs, selfUs: 0,
  children: new Map(children.map((child) => [child.name, child])),
});
const root = frame('all', 1_000, [
  frame('small', 4), frame('b', 300), frame('a', 600, [frame('a1', 200), frame('<b>', 100)]),
]);

describe('a flame graph', () => {
  it('draws the widest first, each over its caller', () => {
    const boxes = boxesOf(root, 0.005).map(({ frame: { name }, depth, from, share }) =>
      ({ name, depth, from, share }));
    expect(boxes).toEqual([
      { name: 'all', depth: 0, from: 0, share: 1 },
      { name: 'a', depth: 1, from: 0, share: 0.6 },
      { name: 'b', depth: 1, from: 0.6, share: 0.3 },
      { name: 'a1', depth: 2, from: 0, share: 0.2 },
      { name: '<b>', depth: 2, from: 0.2, share: 0.1 },
    ]);
  });

  it('leaves out what is below its share', () => {
    expect(boxesOf(root, 0.005).some(({ frame: { name } }) => name === 'small')).toBe(false);
    expect(boxesOf(root, 0.001).some(({ frame: { name } }) => name === 'small')).toBe(true);
  });

  it('escapes names', () => {
    const svg = flameGraph(root, { title: 'a & b', shareMin: 0.005 });
    expect(svg).toContain('a &amp; b');
    expect(svg).toContain('&lt;b&gt;');
    expect(svg).not.toContain('<b>');
  });
});
