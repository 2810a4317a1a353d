// The tables of the terminal and of docs/performance.md: the same rows, drawn in two ways.
import { type LoadResult, type SystemNote } from '../parts/load';
import { type LoadRow } from '../parts/load-rows';
import { type Target } from '../targets';

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A star marks what was measured while others used the machine. */
export function loadTable(rows: readonly LoadRow[], delayMs: number): Table {
  return {
    head: ['connections', 'system', 'requests/s', 'p50 ms', 'p95 ms', 'p99 ms', 'added p50 ms',
      'CPU s/1,000', 'peak MB', 'errors'],
    rows: rows.filter((row) => row.delayMs === delayMs).map((row) => [
      String(row.connections), `${row.system}${row.isDisturbed ? ' *' : ''}`,
      figure(row.requestsPerS), figure(row.p50Ms), figure(row.p95Ms), figure(row.p99Ms),
      figure(row.addedP50Ms),
      // Nobody tells what a peer's processes are.
      row.cpuSPer1000Total === 0 ? '–' : figure(row.cpuSPer1000Total),
      row.peakMbTotal === 0 ? '–' : figure(row.peakMbTotal), String(row.errors),
    ]),
  };
}

export function logTable(rows: readonly LoadRow[]): Table {
  return {
    head: ['system', 'delay ms', 'connections', 'events per commit', 'commits/s',
      'archive behind, commits', 'archive caught up after s'],
    rows: rows.flatMap(({ system, delayMs, connections, log }) => (log === null ? [] : [[
      system, String(delayMs), String(connections), figure(log.eventsPerCommit),
      figure(log.appendsPerS), figure(log.archiveLagCommits), figure(log.drainS),
    ]])),
  };
}

/** CPU seconds or memory by process, at one number of connections. */
export function partsTable(
  rows: readonly LoadRow[], connections: number, pick: (row: LoadRow) => Record<string, number>,
): Table {
  const chosen = rows.filter((row) => row.delayMs === 0 && row.connections === connections);
  const names = [...new Set(chosen.flatMap((row) => Object.keys(pick(row))))];
  return {
    head: ['system', ...names],
    rows: chosen.map((row) =>
      [row.system, ...names.map((name) => figure(pick(row)[name] ?? null))]),
  };
}

export function notesTable(notes: readonly SystemNote[]): Table {
  return {
    head: ['system', 'on', 'off', 'idle, % of a core'],
    rows: notes.map(({ name, on, off, version, idlePercent }) =>
      [version === null ? name : `${name} ${version}`, on, off, figure(idlePercent)]),
  };
}

export function targetsTable(targets: readonly Target[]): Table {
  return {
    head: ['', 'target', 'wanted', 'figure', ''],
    rows: targets.map(({ kind, what, wanted, figure: text, verdict }) =>
      [kind, what, wanted, text ?? '–', verdict]),
  };
}

export const delaysOf = ({ samples }: LoadResult): number[] =>
  [...new Set(samples.map(({ delayMs }) => delayMs))].sort((a, b) => a - b);

/** Three digits are what such a measurement can tell. */
export function figure(value: number | null): string {
  if (value === null || Number.isNaN(value)) return '–';
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString('en');
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return String(Number(value.toPrecision(3)));
}

export function asText({ head, rows }: Table): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)));
  const isNumber = head.map((_, column) =>
    rows.every((row) => /^[-\d.,–]*$/.test(row[column] ?? '')));
  const line = (cells: readonly string[]): string => cells.map((cell, column) => {
    const width = widths[column] ?? 0;
    return isNumber[column] === true ? cell.padStart(width) : cell.padEnd(width);
  }).join('  ').trimEnd();
  return [line(head), ...rows.map(line)].join('\n');
}

export function asMarkdown({ head, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
