// The accounts of the ledger as people and clients see them: what bounds whom, and how much is left.
import { usdFromPico } from '@libs/governance/money';
import type { Limits } from '@libs/governance/state';
import { type Bound, type BoundKind, boundsOf, limitAt } from './bounds';
import { leavesAtMs, type Ledger, sumOf } from './ledger';
import { slotAt, slotEndsMs } from './windows';

export interface UsageLine {
  readonly level: Bound['level'];
  readonly id: string;
  readonly kind: BoundKind;
  readonly window: Bound['window'];
  readonly calendar: boolean;
  /** Of a calendar window; absent: UTC. */
  readonly time_zone?: string;
  readonly models: readonly string[];
  readonly providers: readonly string[];
  /** A budget that refuses nothing. */
  readonly soft?: true;
  /** USD as decimals for budgets, else whole numbers; all as text. */
  readonly limit: string;
  /** Raised for a while: what its limit is again from then on. */
  readonly raised?: { readonly limit: string; readonly until: string };
  readonly spent: string;
  readonly held: string;
  readonly remaining: string;
  /** A calendar window: when it begins anew; a rolling one: when the oldest of it leaves. */
  readonly resets_at: string | null;
}

export function usageLines(ledger: Ledger, limits: readonly Limits[], nowMs: number): UsageLine[] {
  return boundsOf(limits).map((bound) => lineOf(ledger, bound, nowMs));
}

function lineOf(ledger: Ledger, bound: Bound, nowMs: number): UsageLine {
  const { level, id, kind, window, calendar, timeZone, models, providers, soft, account } = bound;
  const { spent, held } = sumOf(ledger, account, nowMs);
  const limit = limitAt(bound, nowMs);
  const left = limit - spent - held;
  const text = (amount: bigint): string =>
    kind === 'budget' ? usdFromPico(String(amount)) : String(amount);
  const resetsAtMs = calendar ? slotEndsMs(bound, slotAt(bound, nowMs))
    : leavesAtMs(ledger, account, { excess: 1n, nowMs });
  return {
    level, id, kind, window, calendar, ...(timeZone === null ? {} : { time_zone: timeZone }),
    models, providers, ...(soft ? { soft } : {}),
    limit: text(limit), ...raisedOf(bound, nowMs, text), spent: text(spent),
    held: text(held), remaining: text(left > 0n ? left : 0n),
    resets_at: resetsAtMs === null ? null : new Date(resetsAtMs).toISOString(),
  };
}

/** The next end of a raise that holds now, and what is left of the limit then. */
function raisedOf(
  bound: Bound, nowMs: number, text: (amount: bigint) => string,
): Pick<UsageLine, 'raised'> {
  const ends = bound.raises.map(({ untilMs }) => untilMs).filter((untilMs) => untilMs > nowMs);
  if (ends.length === 0) return {};
  const untilMs = Math.min(...ends);
  return {
    raised: { limit: text(limitAt(bound, untilMs)), until: new Date(untilMs).toISOString() },
  };
}

const barWidth = 20;

/** For the terminal: spent is filled, held is shaded. */
export function usageTable(lines: readonly UsageLine[]): string {
  if (lines.length === 0) return 'nothing is bounded: no budgets, no rate limits';
  const rows = [
    ['who', 'what', 'window', '', 'spent', 'held', 'of', 'resets'],
    ...lines.map((line) => [
      `${line.level} ${line.id}`, whatOf(line), windowOf(line), barOf(line), line.spent, line.held,
      limitText(line), line.resets_at ?? '-',
    ]),
  ];
  const widths = rows[0]?.map((_, at) => Math.max(...rows.map((row) => (row[at] ?? '').length))) ?? [];
  return rows
    .map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ').trimEnd())
    .join('\n');
}

function limitText({ kind, limit, raised }: UsageLine): string {
  const unit = kind === 'budget' ? ' USD' : '';
  const then = raised === undefined ? '' : ` (${raised.limit} from ${raised.until})`;
  return `${limit}${unit}${then}`;
}

function whatOf({ kind, models, providers, soft }: UsageLine): string {
  const scope = [...models, ...providers.map((provider) => `at ${provider}`)].join(', ');
  const name = kind === 'concurrent' ? 'under way' : soft === true ? 'soft budget'
    : kind.replace('_', ' ');
  return scope === '' ? name : `${name} (${scope})`;
}

function windowOf({ kind, window, calendar, time_zone: zone }: UsageLine): string {
  if (kind === 'concurrent') return 'now';
  return calendar ? `calendar ${window}${zone === undefined ? '' : ` ${zone}`}` : window;
}

function barOf({ limit, spent, held }: UsageLine): string {
  const whole = Number(limit);
  const part = (amount: number): number =>
    (whole === 0 ? barWidth : Math.min(barWidth, Math.round(barWidth * amount / whole)));
  const filled = part(Number(spent));
  const shaded = part(Number(spent) + Number(held)) - filled;
  return `${'█'.repeat(filled)}${'▒'.repeat(shaded)}`.padEnd(barWidth, '·');
}
