// The measured part of docs/reliability.md, from the data of one run or several.
import { shareText } from '../checks/service';
import { type MutationReport, type Report } from './report';
import { type CheckSum, type ReportSum, sumReports } from './sum-reports';

/** Rarer ones are in the data. */
const reasonsShown = 15;
const findingsShown = 10;

const begin = '<!-- measured: written by `npm run faults -- --report`, not to be edited -->';
const end = '<!-- end of what was measured -->';

/** The page with its measured part made anew. @throws Error when it has no place for it. */
export function withMeasured(
  page: string, reports: readonly Report[], mutations: MutationReport | null,
): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`the page lacks "${begin}" … "${end}"`);
  return `${page.slice(0, from)}${begin}\n\n${measured(reports, mutations)}\n${page.slice(to)}`;
}

export function measured(reports: readonly Report[], mutations: MutationReport | null): string {
  const sum = sumReports(reports);
  return [
    ...circumstances(reports, sum),
    '',
    '### Checks',
    '',
    ...table(['', 'check', 'runs passed', 'numbers, all runs together'], sum.checks.map((check) => [
      String(check.number), check.name, result(check),
      Object.entries(check.numbers).map(([what, value]) => `${what}: ${figure(value)}`).join('; '),
    ])),
    '',
    ...findings(sum.checks),
    '### Requests answered',
    '',
    ...table(['who', 'answered'], Object.entries(sum.answered)
      .map(([who, share]) => [who, shareText(share)])),
    '',
    '### Faults, and the longest time without service',
    '',
    'From the fault on, the longest time in which no sync caller of some tenant was answered; by',
    'probes without retries, so nothing is hidden by patience.',
    '',
    ...table(['fault', 'times', 'longest, s', 'allowed, s'], sum.faults.map((fault) => [
      fault.kind, String(fault.times), fault.longest_without_service_s.toFixed(1),
      fault.allowed_s.toFixed(1),
    ])),
    '',
    ...sum.leftOut.map((line) => `Left out: ${line}.`),
    '',
    '### Not answered',
    '',
    ...table(['times', 'who, and what it saw last'], sum.notAnswered.slice(0, reasonsShown)
      .map(([reason, times]) => [String(times), reason])),
    '',
    ...(mutations === null ? [] : planted(mutations)),
  ].join('\n').replace(/\n{3,}/g, '\n\n').trimEnd() + '\n';
}

function circumstances(reports: readonly Report[], { requests, seconds }: ReportSum): string[] {
  const distinct = (values: readonly string[]): string => [...new Set(values)].join(', ');
  const kinds = sumReports(reports).faults;
  const times = kinds.reduce((all, fault) => all + fault.times, 0);
  return [
    `${reports.length} runs with the seeds ${reports.map(({ seed }) => seed).join(', ')}: `
    + `${(seconds / 60).toFixed(0)} minutes of load, ${requests} requests, ${times} faults of `
    + `${kinds.length} kinds.`,
    `Measured on ${distinct(reports.map(({ measured_at: at }) => at))} at `
    + `${distinct(reports.map(({ commit }) => commit))}; `
    + `${distinct(reports.map(({ machine }) => machine))}.`,
  ];
}

function result({ passed, runs, notBuilt }: CheckSum): string {
  return notBuilt > 0 ? 'not built yet' : `${passed} of ${runs}`;
}

function findings(checks: readonly CheckSum[]): string[] {
  const all = checks.flatMap(({ number, findings: found }) => (
    found.map(({ seed, finding }) => `- check ${number}, seed ${seed}: ${finding}`)));
  if (all.length === 0) return [];
  const more = all.length - findingsShown;
  return [
    'Findings:', '', ...all.slice(0, findingsShown), ...more > 0 ? [`- and ${more} more`] : [], '',
  ];
}

function planted({ measured_at: at, seed, mutations }: MutationReport): string[] {
  return [
    '### Planted defects', '',
    `Each is planted into a copy of the build and must be caught by its check (${at}, `
    + `seed ${seed}).`,
    '',
    ...table(['defect', 'result'], mutations.map(({ name, defect, text }) => [
      `\`${name}\`: ${defect}`, text,
    ])),
  ];
}

function figure(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(2);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)];
}
