// Which charts docs/performance.md shows.
import { type LoadRow } from '../parts/load-rows';
import { type Chart, drawChart } from './chart';

export interface ChartFile {
  readonly file: string;
  readonly title: string;
  readonly svg: string;
}

/** Of the mode without delay, where a gateway's own cost is seen. */
export function chartsOf(rows: readonly LoadRow[]): ChartFile[] {
  const shown = rows.filter(({ delayMs }) => delayMs === 0);
  if (shown.length === 0) return [];
  const gateways = shown.filter(({ system }) => system !== 'simulator');
  const file = (name: string, chart: Chart): ChartFile =>
    ({ file: `${name}.svg`, title: chart.title, svg: drawChart(chart) });
  return [
    file('requests', bars('requests/s by connections (the simulator alone left out)', gateways,
      ({ requestsPerS }) => requestsPerS)),
    file('latency', { ...bars('p50 latency in ms by connections, logarithmic', shown,
      ({ p50Ms }) => p50Ms), isLogarithmic: true }),
    file('cpu', stack('CPU seconds per 1,000 requests at 64 connections', gateways)),
  ];
}

function bars(
  title: string, rows: readonly LoadRow[], pick: (row: LoadRow) => number,
): Chart {
  const connections = distinct(rows.map((row) => row.connections));
  return {
    title, kind: 'side by side', groups: connections.map(String),
    series: distinct(rows.map(({ system }) => system)).map((name) => ({
      name,
      values: connections.map((count) => {
        const row = rows.find((each) => each.system === name && each.connections === count);
        return row === undefined ? null : pick(row);
      }),
    })),
  };
}

function stack(title: string, rows: readonly LoadRow[]): Chart {
  const chosen = rows.filter(({ connections, cpuSPer1000Total }) =>
    connections === 64 && cpuSPer1000Total > 0);
  const parts = distinct(chosen.flatMap(({ cpuSPer1000 }) => Object.keys(cpuSPer1000)));
  return {
    title, kind: 'stacked', groups: chosen.map(({ system }) => system),
    series: parts.map((name) => ({
      name, values: chosen.map(({ cpuSPer1000 }) => cpuSPer1000[name] ?? null),
    })),
  };
}

const distinct = <Value>(values: readonly Value[]): Value[] => [...new Set(values)];
