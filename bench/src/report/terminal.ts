// What a run prints at its end: the same tables as the document, and the verdicts.
import { loadRows } from '../parts/load-rows';
import { type PartName } from '../options';
import { type Results } from '../results';
import { targetsOf } from './evaluate';
import {
  decisionsTable, functionsTable, growthTable, halfRateTable, heldTable, inFlightTable, limitsTable, streamsTable,
  weightsTable,
} from './other-tables';
import {
  asText, delaysOf, loadTable, logTable, notesTable, partsTable, targetsTable,
} from './tables';

/** Of the parts that were measured now; targets take the saved ones into account. */
export function terminalText(results: Results, measured: readonly PartName[]): string {
  const texts = measured.flatMap((name) => textOf(results, name));
  return [...texts, 'Targets', asText(targetsTable(targetsOf(results)))].join('\n\n');
}

function textOf({ parts }: Results, name: PartName): string[] {
  switch (name) {
    case 'load': return parts.load === undefined ? [] : loadText(parts.load);
    case 'streams': return parts.streams === undefined ? []
      : ['Streams', asText(streamsTable(parts.streams)), asText(heldTable(parts.streams))];
    case 'half-rate': return parts['half-rate'] === undefined ? []
      : ['At half of the highest rate', asText(halfRateTable(parts['half-rate']))];
    case 'limits': return parts.limits === undefined ? [] : [asText(limitsTable(parts.limits))];
    case 'decisions': return parts.decisions === undefined ? []
      : ['Deciding', asText(decisionsTable(parts.decisions)), asText(weightsTable(parts.decisions))];
    case 'growth': return parts.growth === undefined ? []
      : ['A log that grows', asText(growthTable(parts.growth))];
    case 'in-flight': return parts['in-flight'] === undefined ? []
      : ['Jobs without an outcome', asText(inFlightTable(parts['in-flight']))];
    case 'profile': return (parts.profile?.services ?? []).flatMap((service) => [
      `${service.service}: busy ${service.busyPercent} % of one core`,
      asText(functionsTable(service)),
    ]);
  }
}

function loadText(load: NonNullable<Results['parts']['load']>): string[] {
  const rows = loadRows(load);
  return [
    ...delaysOf(load).flatMap((delayMs) => [
      `The provider answers after ${delayMs} ms`, asText(loadTable(rows, delayMs)),
    ]),
    'CPU seconds per 1,000 requests, 64 connections',
    asText(partsTable(rows, 64, ({ cpuSPer1000 }) => cpuSPer1000)),
    'Peak memory MB, 256 connections',
    asText(partsTable(rows, 256, ({ peakMb }) => peakMb)),
    'The log', asText(logTable(rows)), asText(notesTable(load.systems)),
  ];
}
