// What a run leaves behind: bench/results/latest.json, one entry per part, each with its own time.
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
  return {
    machine: now.machine,
    versions: { ...before.versions, ...now.versions },
    parts: { ...before.parts, ...now.parts },
  };
}

/** Readable, and small: a record without further records in it is one line. */
export function resultsText(results: object): string {
  return `${render(results, '')}\n`;
}

function render(value: unknown, indent: string): string {
  if (!isContainer(value)) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  if (!entries.some(([, inner]) => isContainer(inner) && isLarge(inner))) {
    return JSON.stringify(value);
  }
  const deeper = `${indent}  `;
  const lines = entries.map(([name, inner]) =>
    `${deeper}${Array.isArray(value) ? '' : `${JSON.stringify(name)}: `}${render(inner, deeper)}`);
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  return `${open}\n${lines.join(',\n')}\n${indent}${close}`;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Lists of numbers and small records stay within a line. */
function isLarge(value: object): boolean {
  return JSON.stringify(value).length > 160;
}
