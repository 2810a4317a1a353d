// Prices as a person reads them, in USD per million tokens.
import { type Price } from '@libs/events/usage';
import { usdFromPico } from '@libs/governance/money';
import { table } from '../shared/table';

export interface PriceLine {
  readonly id: string;
  readonly price: Price;
  readonly source: string | null;
}

const columns = ['input', 'cached', 'output', 'request', 'also', 'source'];

export function priceTable(lines: readonly PriceLine[]): string {
  if (lines.length === 0) return 'no price is known of that';
  return table([['provider/model', ...columns], ...lines.map((line) => [line.id, ...cells(line)])]);
}

/** null: none was known. */
export function priceChange(before: PriceLine | null, after: PriceLine): string {
  return table([
    ['', ...columns], ['before', ...(before === null ? columns.map(() => '-') : cells(before))],
    ['after', ...cells(after)],
  ]);
}

function cells({ price, source }: PriceLine): string[] {
  return [
    perMillion(price.input_per_token), perMillion(price.cached_input_per_token),
    perMillion(price.output_per_token), usdFromPico(price.per_request), alsoOf(price), source ?? '',
  ];
}

/** What an ordinary chat does not meet, by name; `--json` has the amounts. */
function alsoOf(price: Price): string {
  const own = Object.keys(price).flatMap((name) =>
    /^(audio|cached_audio|image|reasoning|cache_write_1h)/.test(name)
      ? [name.replace(/_per_token$/, '')] : []);
  const { tiers = [], discount_basis_points: off, per_web_search: search } = price;
  return [
    ...(off === undefined ? [] : [`-${off / 100} %`]),
    ...tiers.map((tier) => `tier above ${tier.above_input_tokens}`),
    ...(search === undefined ? [] : ['web_search']),
    ...own,
  ].join(', ');
}

function perMillion(picoPerToken: string): string {
  return usdFromPico(`${picoPerToken}000000`);
}
