// docs/reliability.md, from the data of a run.
import { type MutationReport, type Report } from './report';

/** Rarer ones are in the data. */
const reasonsShown = 15;

export function reliabilityPage(report: Report, mutations: MutationReport | null): string {
  return [
    '# Reliability, as measured',
    '',
    'Written by `npm run faults -- --report`; what is tormented and how it is weighed:',
    '[faults/README.md](../faults/README.md). The figures belong to the run and the machine they '
    + 'name.',
    '',
    `Seed ${report.seed}, ${report.seconds} s, ${report.requests} requests, ${report.measured_at}, `
    + `${report.machine}.`,
    '',
    '## Checks',
    '',
    ...checks(report),
    '',
    '## Time without service',
    '',
    'The longest time in which no sync caller of some tenant was answered, from the fault on; by',
    'probes without retries, so nothing is hidden by patience.',
    '',
    ...faults(report),
    '',
    ...report.left_out.map((line) => `Left out: ${line}.`),
    '',
    '## Not answered',
    '',
    'Probes do not retry. The SDKs do, twice, within two seconds or so: what is away longer is an',
    'error for their caller. A stream that broke after its first words ends with an error event.',
    '',
    ...reasons(report),
    '',
    ...(mutations === null ? [] : planted(mutations)),
  ].join('\n').replace(/\n{3,}/g, '\n\n').trimEnd() + '\n';
}

function checks(report: Report): string[] {
  return table(['', 'check', 'result', 'numbers'], report.checks.map((check) => [
    String(check.number), check.name, check.state,
    Object.entries(check.numbers).map(([what, value]) => `${what}: ${value}`).join('; '),
  ]));
}

function faults({ faults: all }: Report): string[] {
  return table(['fault', 'times', 'longest, s', 'allowed, s'], all.map((fault) => [
    fault.kind, String(fault.times), fault.longest_without_service_s.toFixed(1),
    fault.allowed_s.toFixed(1),
  ]));
}

function reasons({ not_answered: all }: Report): string[] {
  return table(['times', 'who, and what it saw last'], all.slice(0, reasonsShown)
    .map(({ reason, times }) => [String(times), reason]));
}

function planted({ measured_at: at, seed, mutations }: MutationReport): string[] {
  return [
    '## Planted defects', '',
    'Each is planted into a copy of the build and must be caught by its check '
    + `(${at}, seed ${seed}).`,
    '',
    ...table(['defect', 'result'], mutations.map(({ name, defect, text }) => [
      `\`${name}\`: ${defect}`, text,
    ])),
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)];
}
