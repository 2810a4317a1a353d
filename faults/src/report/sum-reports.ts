// Several runs taken together: numbers are added, times without service are the longest.
import { type Share } from '../checks/service';
import { type FaultReport, type Report } from './report';

export interface CheckSum {
  readonly number: number;
  readonly name: string;
  readonly runs: number;
  readonly passed: number;
  readonly notBuilt: number;
  readonly numbers: Readonly<Record<string, number>>;
  /** Each with the seed of its run. */
  readonly findings: readonly { readonly seed: number; readonly finding: string }[];
}

export interface ReportSum {
  readonly checks: readonly CheckSum[];
  readonly faults: readonly FaultReport[];
  readonly answered: Readonly<Record<string, Share>>;
  readonly notAnswered: readonly (readonly [string, number])[];
  readonly leftOut: readonly string[];
  readonly requests: number;
  readonly seconds: number;
}

export function sumReports(reports: readonly Report[]): ReportSum {
  return {
    checks: sumChecks(reports),
    faults: sumFaults(reports),
    answered: sumShares(reports),
    notAnswered: sumReasons(reports),
    leftOut: [...new Set(reports.flatMap(({ left_out: lines }) => lines))],
    requests: reports.reduce((sum, { requests }) => sum + requests, 0),
    seconds: reports.reduce((sum, { seconds }) => sum + seconds, 0),
  };
}

function sumChecks(reports: readonly Report[]): CheckSum[] {
  const numbers = [...new Set(reports.flatMap(({ checks }) => checks.map((check) => check.number)))];
  return numbers.map((number) => {
    const runs = reports.flatMap(({ seed, checks }) => (
      checks.filter((check) => check.number === number).map((check) => ({ seed, check }))));
    return {
      number, name: runs[0]?.check.name ?? '', runs: runs.length,
      passed: runs.filter(({ check }) => check.state === 'passed').length,
      notBuilt: runs.filter(({ check }) => check.state === 'not built yet').length,
      numbers: sumNumbers(runs.map(({ check }) => check.numbers)),
      findings: runs.flatMap(({ seed, check }) => (
        check.findings.map((finding) => ({ seed, finding })))),
    };
  });
}

/** What is told in words is not added up. Amounts of money come as text of a number. */
function sumNumbers(all: readonly Readonly<Record<string, number | string>>[]) {
  const sums: Record<string, number> = {};
  for (const numbers of all) {
    for (const [what, value] of Object.entries(numbers)) {
      const number = Number(value);
      if (Number.isFinite(number)) sums[what] = (sums[what] ?? 0) + number;
    }
  }
  return sums;
}

function sumFaults(reports: readonly Report[]): FaultReport[] {
  const sums = new Map<string, FaultReport>();
  for (const fault of reports.flatMap(({ faults }) => faults)) {
    const before = sums.get(fault.kind);
    sums.set(fault.kind, before === undefined ? fault : {
      ...fault, times: before.times + fault.times,
      longest_without_service_s:
        Math.max(before.longest_without_service_s, fault.longest_without_service_s),
    });
  }
  return [...sums.values()].sort((a, b) => a.track.localeCompare(b.track)
    || a.kind.localeCompare(b.kind));
}

function sumShares(reports: readonly Report[]): Record<string, Share> {
  const sums: Record<string, Share> = {};
  for (const { answered: all } of reports) {
    for (const [who, { answered, of }] of Object.entries(all)) {
      const before = sums[who] ?? { answered: 0, of: 0 };
      sums[who] = { answered: before.answered + answered, of: before.of + of };
    }
  }
  return sums;
}

function sumReasons(reports: readonly Report[]): [string, number][] {
  const sums = new Map<string, number>();
  for (const { reason, times } of reports.flatMap(({ not_answered: all }) => all)) {
    sums.set(reason, (sums.get(reason) ?? 0) + times);
  }
  return [...sums].sort(([, one], [, other]) => other - one);
}
