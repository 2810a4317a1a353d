// Small charts as SVG: groups of bars, side by side or stacked. No library: this is all that is
// needed.
import { escapeXml } from './xml';

export interface Series {
  readonly name: string;
  /** One per group; null: not measured. */
  readonly values: readonly (number | null)[];
}

export interface Chart {
  readonly title: string;
  readonly groups: readonly string[];
  readonly series: readonly Series[];
  readonly kind: 'side by side' | 'stacked';
  /** Each decade the same height: for values of very different size. */
  readonly isLogarithmic?: boolean;
}

const width = 760;
const height = 320;
const plot = { left: 60, right: 12, top: 56, bottom: 28 };
const colours = ['#718096', '#dd6b20', '#f6ad55', '#3182ce', '#805ad5', '#38a169', '#d53f8c',
  '#4fd1c5'];
const plotWidth = width - plot.left - plot.right;
const plotHeight = height - plot.top - plot.bottom;

export function drawChart(chart: Chart): string {
  const scale = scaleFor(chart);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" `
      + `viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="${plot.left}" y="18" font-size="14">${escapeXml(chart.title)}</text>`,
    ...legend(chart.series),
    ...scale.ticks.map((tick) => gridLine(tick, scale)),
    ...chart.groups.flatMap((group, index) => drawGroup(chart, scale, { group, index })),
    '</svg>',
    '',
  ].join('\n');
}

interface Scale {
  readonly ticks: readonly number[];
  /** Share of the plot's height. */
  readonly share: (value: number) => number;
}

export function scaleFor({ series, groups, kind, isLogarithmic }: Chart): Scale {
  const values = kind === 'stacked'
    ? groups.map((_, index) => series.reduce((sum, { values: all }) => sum + (all[index] ?? 0), 0))
    : series.flatMap((each) => each.values.filter((value) => value !== null));
  const most = Math.max(...values, Number.MIN_VALUE);
  if (isLogarithmic === true) {
    const low = Math.floor(Math.log10(Math.min(...values.filter((value) => value > 0))));
    const high = Math.ceil(Math.log10(most));
    const decades = Math.max(1, high - low);
    return {
      ticks: Array.from({ length: decades + 1 }, (_, index) => 10 ** (low + index)),
      share: (value) => Math.max(0, (Math.log10(value) - low) / decades),
    };
  }
  const step = niceStep(most / 4);
  const top = Math.ceil(most / step) * step;
  return {
    ticks: Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step),
    share: (value) => value / top,
  };
}

/** 1, 2 or 5 times a power of ten. */
export function niceStep(about: number): number {
  const power = 10 ** Math.floor(Math.log10(about));
  return ([1, 2, 5, 10].find((factor) => factor * power >= about) ?? 10) * power;
}

function drawGroup(
  chart: Chart, scale: Scale, { group, index }: { group: string; index: number },
): string[] {
  const { series, kind, groups } = chart;
  const groupWidth = plotWidth / groups.length;
  const left = plot.left + index * groupWidth;
  const barWidth = (groupWidth * 0.8) / (kind === 'stacked' ? 1 : series.length);
  let stacked = 0;
  const bars = series.flatMap(({ name, values }, position) => {
    const value = values[index] ?? null;
    if (value === null) return [];
    const from = kind === 'stacked' ? stacked : 0;
    if (kind === 'stacked') stacked += value;
    const x = left + groupWidth * 0.1 + (kind === 'stacked' ? 0 : position * barWidth);
    const barHeight = scale.share(value) * plotHeight;
    const y = plot.top + plotHeight - scale.share(from) * plotHeight - barHeight;
    const label = kind === 'stacked' ? '' : barLabel(value, x + barWidth / 2, y);
    return [`<g><title>${escapeXml(`${name}, ${group}: ${value}`)}</title>`
      + `<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${(barWidth - 1).toFixed(1)}" `
      + `height="${barHeight.toFixed(1)}" fill="${colourAt(position)}"/>${label}</g>`];
  });
  const middle = (left + groupWidth / 2).toFixed(1);
  return [...bars,
    `<text x="${middle}" y="${height - 10}" text-anchor="middle">${escapeXml(group)}</text>`];
}

function barLabel(value: number, x: number, y: number): string {
  return `<text x="${x.toFixed(1)}" y="${(y - 3).toFixed(1)}" text-anchor="middle" `
    + `font-size="9">${short(value)}</text>`;
}

function gridLine(tick: number, scale: Scale): string {
  const y = (plot.top + plotHeight - scale.share(tick) * plotHeight).toFixed(1);
  return `<line x1="${plot.left}" x2="${width - plot.right}" y1="${y}" y2="${y}" stroke="#e2e8f0"/>`
    + `<text x="${plot.left - 6}" y="${y}" dy="4" text-anchor="end">${short(tick)}</text>`;
}

const colourAt = (position: number): string => colours[position % colours.length] ?? '';

function legend(series: readonly Series[]): string[] {
  let x = plot.left;
  return series.map(({ name }, position) => {
    const at = x;
    // The swatch, the text at about 6 px a character, a gap.
    x += 14 + name.length * 6.2 + 14;
    return `<rect x="${at.toFixed(1)}" y="30" width="10" height="10" `
      + `fill="${colourAt(position)}"/>`
      + `<text x="${(at + 14).toFixed(1)}" y="39">${escapeXml(name)}</text>`;
  });
}

function short(value: number): string {
  if (value >= 10_000) return `${Number((value / 1_000).toPrecision(3))}k`;
  return value.toLocaleString('en', { maximumSignificantDigits: value < 1 ? 2 : 3 });
}
