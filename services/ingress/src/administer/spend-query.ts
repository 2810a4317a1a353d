// What of the spend is asked for, as it stands in a query, and the report as JSON and CSV. Amounts are
// whole 10⁻¹² USD up to here, and decimal USD from here on, exactly.
import { z } from 'zod';
import { csvRecord } from '@libs/csv/csv';
import { usdFromPico } from '@libs/governance/money';
import {
  type SpendDimension, spendDimensions, type SpendLine, type SpendQuestion, type SpendReport,
  spendLinesMax,
} from '@libs/postgres/spend-reads';

/** As deep as a report is read; each adds a column to sort by. */
const groupsMax = 6;
const dayMs = 86_400_000;

const day = z.string().refine((text) => /^\d{4}-\d\d-\d\d$/.test(text) && isDay(text), {
  error: 'takes a day such as 2026-11-01',
});

const groups = z.string().transform((text, context) => {
  const names = text.split(',').map((name) => name.trim());
  const wrong = names.find((name) => !isDimension(name) && !/^metadata\..+$/.test(name));
  if (wrong !== undefined) {
    const message = `cannot group by "${wrong}"; known are ${spendDimensions.join(', ')} and metadata.NAME`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  }
  return [...new Set(names)];
}).refine((names) => names.length <= groupsMax, { error: `takes at most ${groupsMax} names` });

export const spendQuery = z.strictObject({
  from: day.optional(), to: day.optional(),
  group_by: groups.default(['customer']),
  format: z.enum(['json', 'csv']).default('json'),
  customer: z.string().optional(), team: z.string().optional(), key: z.string().optional(),
  provider: z.string().optional(), model: z.string().optional(),
}).refine(({ from, to }) => from === undefined || to === undefined || from <= to, {
  error: 'is before "from"', path: ['to'],
});
type SpendQuery = z.infer<typeof spendQuery>;

export interface AskedSpend extends SpendQuestion {
  /** In the order asked for. */
  readonly names: readonly string[];
}

/** This month up to today, unless told otherwise. */
export function spendQuestion(query: SpendQuery, nowMs: number): AskedSpend {
  const today = new Date(nowMs).toISOString().slice(0, 10);
  const to = query.to ?? (query.from !== undefined && query.from > today ? query.from : today);
  const { customer, team, key, provider, model } = query;
  const only = Object.fromEntries(Object.entries({ customer, team, key, provider, model })
    .filter(([, value]) => value !== undefined)) as AskedSpend['only'];
  return {
    from: query.from ?? `${to.slice(0, 7)}-01`, to, only, names: query.group_by,
    groupBy: query.group_by.filter(isDimension),
    metadata: query.group_by.filter((name) => !isDimension(name)).map((name) => name.slice('metadata.'.length)),
  };
}

export function spendJson(asked: AskedSpend, report: SpendReport): object {
  return {
    object: 'list', from: asked.from, to: asked.to, group_by: asked.names,
    data: report.lines.map((line) => {
      const fields = fieldsOf(asked, line);
      return Object.fromEntries(columnsOf(asked.names).map((name, at) => [name, fields[at] ?? null]));
    }),
    has_more: report.isCut,
  };
}

export function spendCsv(asked: AskedSpend, report: SpendReport): string {
  return [
    csvRecord(columnsOf(asked.names)),
    ...report.lines.map((line) => csvRecord(fieldsOf(asked, line))),
  ].join('');
}

/** A table that ends somewhere would be taken for all of it. */
export const tooManyLines
  = `The report has more than ${spendLinesMax} lines: ask for fewer days, or group by less.`;

const counts = [
  'cost_usd', 'input_tokens', 'output_tokens', 'cached_input_tokens', 'requests', 'failed', 'calls',
  'unknown',
];

function columnsOf(names: readonly string[]): string[] {
  return [...names, ...counts];
}

/** Counts are far below what a number holds exactly; money is text. */
function fieldsOf({ names, groupBy, metadata }: AskedSpend, line: SpendLine): (string | number | null)[] {
  const stored = [...groupBy, ...metadata.map((name) => `metadata.${name}`)];
  return [
    ...names.map((name) => line.by[stored.indexOf(name)] ?? null), usdFromPico(line.picoUsd),
    Number(line.inputTokens), Number(line.outputTokens), Number(line.cachedTokens),
    Number(line.requests), Number(line.failed), Number(line.calls), Number(line.unknown),
  ];
}

function isDimension(name: string): name is SpendDimension {
  return (spendDimensions as readonly string[]).includes(name);
}

function isDay(text: string): boolean {
  const ms = Date.parse(`${text}T00:00:00Z`);
  // 2026-02-30 would be March.
  return !Number.isNaN(ms) && new Date(Math.floor(ms / dayMs) * dayMs).toISOString().startsWith(text);
}
