// The text of docs/performance.md, made from the results alone.
import { loadRows, type LoadRow } from '../parts/load-rows';
import { type LoadResult } from '../parts/load';
import { type ProfileResult } from '../parts/profile';
import { type Measured, type Results } from '../results';
import { type ChartFile } from './charts';
import { targetsOf } from './evaluate';
import {
  decisionsTable, functionsTable, growthTable, halfRateTable, heldTable, inFlightTable, limitsTable,
  placesTable, streamsTable, weightsTable,
} from './other-tables';
import {
  asMarkdown, delaysOf, loadTable, logTable, notesTable, partsTable, type Table, targetsTable,
} from './tables';

export function documentText(results: Results, charts: readonly ChartFile[]): string {
  const { parts } = results;
  const rows = parts.load === undefined ? [] : loadRows(parts.load);
  const sections = [
    opening(results),
    ['## Targets', asMarkdown(targetsTable(targetsOf(results)))],
    parts.load === undefined ? [] : loadSection(parts.load, rows, charts),
    restSections(results),
    parts.profile === undefined ? [] : profileSection(parts.profile),
  ];
  return `${sections.flat().join('\n\n')}\n`;
}

function opening({ machine, versions }: Results): string[] {
  const used = Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(', ');
  return [
    '# Performance',
    'Written by `npm run bench -- --report` from `bench/results/latest.json`; not to be edited. '
      + 'How it is measured: [bench/README.md](../bench/README.md).',
    `Machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.system}. `
      + 'Load generator, simulated provider and everything measured share it: ratios count, '
      + `absolute figures belong to this machine. Versions: ${used}.`,
  ];
}

function loadSection(
  load: LoadResult & Measured, rows: readonly LoadRow[], charts: readonly ChartFile[],
): string[] {
  return [
    '## Requests',
    `${how(load)} ${load.rounds} rounds of ${load.seconds} s, systems in turn, medians. Chat `
      + 'completions with a prompt of 1 KB and an answer of 200 tokens, not streamed, keep-alive. '
      + 'CPU is that of all processes of the system, until its archive has caught up.',
    asMarkdown(notesTable(load.systems)),
    ...charts.map(({ file, title }) => `![${title}](charts/${file})`),
    ...delaysOf(load).flatMap((delayMs) => [
      `### The provider answers after ${delayMs} ms`, asMarkdown(loadTable(rows, delayMs)),
    ]),
    '### CPU seconds per 1,000 requests by process, 64 connections',
    asMarkdown(partsTable(rows, 64, ({ cpuSPer1000 }) => cpuSPer1000)),
    '### Peak memory in MB by process, 256 connections',
    'Postgres: the share of each of its processes, summed.',
    asMarkdown(partsTable(rows, 256, ({ peakMb }) => peakMb)),
    '### The log under load',
    asMarkdown(logTable(rows)),
  ];
}

function restSections({ parts }: Results): string[] {
  const { streams, limits, decisions, growth } = parts;
  const section = (title: string, part: Measured, text: string, tables: Table[]): string[] =>
    [`## ${title}`, `${how(part)} ${text}`, ...tables.map(asMarkdown)];
  return [
    ...(streams === undefined ? [] : section('Streams', streams,
      'First table: the provider writes at once. Second: all streams at the same time, '
      + `${streams.pacedTokensPerS} tokens/s each; held means that none failed, all were open `
      + 'together and the median one kept 95 % of that pace. Portkey waits 25 ms before the first '
      + 'piece of every stream, by design.', [streamsTable(streams), heldTable(streams)])),
    ...(parts['half-rate'] === undefined ? [] : section('At half of the highest rate',
      parts['half-rate'], 'Requests are due at fixed times, and latency counts from then.',
      [halfRateTable(parts['half-rate'])])),
    ...(limits === undefined ? [] : section('What the parts can do alone', limits, '',
      [limitsTable(limits)])),
    ...(decisions === undefined ? [] : section('Deciding', decisions,
      'One process alone, health learned for every target. Second table: 10,000 draws of a weighted '
      + 'route with healthy targets.', [decisionsTable(decisions), weightsTable(decisions)])),
    ...(growth === undefined ? [] : section('A log that grows', growth,
      'Settled jobs, three events each, 256 events per commit. The first start folds and archives '
      + `all of it; later ones start from a snapshot. ${growth.connections} connections.`,
      [growthTable(growth)])),
    ...(parts['in-flight'] === undefined ? [] : section('Jobs without an outcome',
      parts['in-flight'], 'Asynchronous jobs at a provider that does not answer.',
      [inFlightTable(parts['in-flight'])])),
  ];
}

function profileSection(profile: ProfileResult & Measured): string[] {
  return [
    '## Where the time goes',
    `${how(profile)} ${profile.connections} connections, ${profile.requestsPerS} requests/s while `
      + 'every service was profiled. Percent of the busy time; frames below 0.5 % are not drawn.',
    ...profile.services.flatMap((service) => [
      `### ${service.service}: busy ${service.busyPercent} % of one core`,
      `![flame graph of ${service.service}](profiles/${service.service}.svg)`,
      asMarkdown(functionsTable(service)),
      asMarkdown(placesTable(service)),
    ]),
  ];
}

function how({ measuredAt, commit }: Measured): string {
  return `Measured on ${measuredAt.slice(0, 10)} at ${commit}.`;
}
