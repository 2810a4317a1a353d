// What a run leaves behind: bench/results/latest.json, one entry per part, each with its own time.
import { type DecisionsResult } from './parts/decisions';
import { type GrowthResult } from './parts/growth';
import { type HalfRateResult } from './parts/half-rate';
import { type InFlightResult } from './parts/in-flight';
import { type LimitsResult } from './parts/limits';
import { type LoadResult } from './parts/load';
import { type ProfileResult } from './parts/profile';
import { type StreamsResult } from './parts/streams';
import { type Machine } from './machine';
import { type PartName } from './options';

export interface PartResults {
  readonly load: LoadResult;
  readonly streams: StreamsResult;
  readonly 'half-rate': HalfRateResult;
  readonly limits: LimitsResult;
  readonly decisions: DecisionsResult;
  readonly growth: GrowthResult;
  readonly 'in-flight': InFlightResult;
  readonly profile: ProfileResult;
}

/** When and of what a part was measured: parts may be measured one by one. */
export interface Measured {
  readonly measuredAt: string;
  readonly commit: string;
  readonly tookS: number;
}

export interface Results {
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly parts: { readonly [Name in PartName]?: PartResults[Name] & Measured };
}

/** Newly measured parts replace those of before; figures of another machine do not stay. */
export function mergeResults(before: Results | null, now: Results): Results {
  if (before === null || before.machine.cpu !== now.machine.cpu
    || before.machine.cores !== now.machine.cores) return now;
  const growth = mergeGrowth(before.parts.growth, now.parts.growth);
  return {
    machine: now.machine,
    versions: { ...before.versions, ...now.versions },
    parts: { ...before.parts, ...now.parts, ...(growth === undefined ? {} : { growth }) },
  };
}

type Growth = Results['parts']['growth'];

/** Sizes of the log are measured one by one: each row stays until it is measured again. */
function mergeGrowth(before: Growth, now: Growth): Growth {
  if (before === undefined || now === undefined) return now ?? before;
  const isNew = new Set(now.rows.map(({ events }) => events));
  const rows = [...before.rows.filter(({ events }) => !isNew.has(events)), ...now.rows];
  return { ...now, rows: rows.sort((a, b) => a.events - b.events) };
}

/** Readable, and small: lists of records have a record per line, everything else is one line. */
export function resultsText(results: object): string {
  return `${render(results, '')}\n`;
}

function render(value: unknown, indent: string): string {
  if (!isContainer(value) || !hasListOfRecords(value)) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  const deeper = `${indent}  `;
  const lines = entries.map(([name, inner]) =>
    `${deeper}${Array.isArray(value) ? '' : `${JSON.stringify(name)}: `}${render(inner, deeper)}`);
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  return `${open}\n${lines.join(',\n')}\n${indent}${close}`;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function hasListOfRecords(value: object): boolean {
  const inner = Object.values(value).filter(isContainer);
  return (Array.isArray(value) && inner.length > 0) || inner.some(hasListOfRecords);
}
