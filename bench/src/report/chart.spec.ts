import { describe, expect, it } from '@jest/globals';
import { drawChart, niceStep, scaleFor, type Chart } from './chart';

const chart: Chart = {
  title: 'requests/s <all>', groups: ['1', '64'], kind: 'side by side',
  series: [{ name: 'a', values: [10, 95] }, { name: 'b & c', values: [null, 40] }],
};
const heightsIn = (svg: string): number[] =>
  // Bars are the rectangles with a value over them.
  [...svg.matchAll(/ height="([\d.]+)" fill="#\w+"\/><text [^>]+font-size="9"/g)]
    .map(([, height]) => Number(height));

describe('the scale', () => {
  it('ends above the highest value, at a round number', () => {
    const { ticks, share } = scaleFor(chart);
    expect(ticks).toEqual([0, 50, 100]);
    expect(share(95)).toBeCloseTo(0.95);
  });

  it('of stacked bars ends above the highest sum', () => {
    expect(scaleFor({ ...chart, kind: 'stacked' }).ticks.at(-1)).toBe(150);
  });

  it('can give each decade the same height', () => {
    const { ticks, share } = scaleFor({ ...chart, isLogarithmic: true });
    expect(ticks).toEqual([10, 100]);
    expect(share(10)).toBe(0);
    expect(share(100)).toBe(1);
  });

  it.each([
    [3, 5], [0.3, 0.5], [11, 20], [100, 100], [60, 100],
  ])('steps about %p by %p', (about, step) => {
    expect(niceStep(about)).toBeCloseTo(step);
  });
});

describe('a chart', () => {
  const svg = drawChart(chart);

  it('has a bar for each value and none for what was not measured', () => {
    expect(heightsIn(svg).length).toBe(3);
  });

  it('draws a value twice as large twice as high', () => {
    const doubled = drawChart({ ...chart, series: [{ name: 'a', values: [40, 80] }] });
    const [low = 0, high = 0] = heightsIn(doubled);
    expect(high / low).toBeCloseTo(2, 1);
  });

  it('escapes its words', () => {
    expect(svg).toContain('requests/s &lt;all&gt;');
    expect(svg).toContain('b &amp; c');
  });
});
