// `holdfast prices`: what every model costs at its providers, and which have no known price.
import { type Command } from 'commander';
import { type Price } from '@libs/events/usage';
import { usdFromPico } from '@libs/governance/money';
import { type AccessFlags, adminAccess } from '../shared/access';
import { callApiOk } from '../shared/api-client';
import { withAdminAccess, withExamples } from '../shared/flags';
import { table } from '../shared/table';
import { terminal } from '../shared/terminal';

interface Flags extends AccessFlags {
  readonly unknown?: boolean;
  readonly json?: boolean;
}

interface PriceLine {
  readonly id: string;
  readonly price: Price;
  readonly source: string | null;
}

interface UnknownPrices {
  readonly policy: string;
  readonly data: readonly {
    readonly provider: string; readonly model: string; readonly named_by: readonly string[];
  }[];
}

export function addPrices(program: Command): void {
  const command = program.command('prices')
    .description('what models cost at their providers, in USD per million tokens')
    .argument('[part]', 'only those whose provider/model has this in it')
    .option('--unknown', 'what the configuration names and has no price');
  withExamples(withAdminAccess(command), ['prices', 'prices gpt-4o', 'prices --unknown']);
  command.action(async (part: string | undefined, flags: Flags) => {
    const { url, token } = await adminAccess(flags, process.env);
    const ask = async (path: string): Promise<unknown> =>
      (await callApiOk({ url, key: token }, { path })).body;
    const out = terminal(flags.json);
    if (flags.unknown === true) {
      const unknown = await ask('/admin/v1/unknown_prices') as UnknownPrices;
      out.print(flags.json === true ? JSON.stringify(unknown) : unknownTable(unknown));
      return;
    }
    const { data } = await ask('/admin/v1/prices') as { readonly data: readonly PriceLine[] };
    const lines = data.filter(({ id }) => part === undefined || id.includes(part));
    out.print(flags.json === true ? JSON.stringify(lines) : priceTable(lines));
  });
}

function priceTable(lines: readonly PriceLine[]): string {
  if (lines.length === 0) return 'no price is known of that';
  const head = ['provider/model', 'input', 'cached', 'output', 'request', 'also', 'source'];
  return table([head, ...lines.map(({ id, price, source }) => [
    id, perMillion(price.input_per_token), perMillion(price.cached_input_per_token),
    perMillion(price.output_per_token), usdFromPico(price.per_request), alsoOf(price), source ?? '',
  ])]);
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

function unknownTable({ policy, data }: UnknownPrices): string {
  if (data.length === 0) return `everything that is named has a price (unknown prices: ${policy})`;
  const rows = data.map((one) => [`${one.provider}/${one.model}`, one.named_by.join(', ')]);
  return `${table([['no price', 'named by'], ...rows])}\n\nunknown prices: ${policy}`;
}
