// `holdfast prices`: what every model costs at its providers, and which have no known price; sets and
// removes prices.
import { type Command } from 'commander';
import { type AccessFlags, adminAccess } from '../shared/access';
import { callApiOk } from '../shared/api-client';
import { withAdminAccess, withExamples } from '../shared/flags';
import { table } from '../shared/table';
import { terminal } from '../shared/terminal';
import { addPriceChanges } from './change-price.command';
import { type PriceLine, priceTable } from './price-text';

interface Flags extends AccessFlags {
  readonly unknown?: boolean;
  readonly json?: boolean;
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
  withExamples(withAdminAccess(command), [
    'prices', 'prices gpt-4o', 'prices --unknown', 'prices set openai/gpt-4o --input 2.5 --output 10',
  ]);
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
  addPriceChanges(command);
}

function unknownTable({ policy, data }: UnknownPrices): string {
  if (data.length === 0) return `everything that is named has a price (unknown prices: ${policy})`;
  const rows = data.map((one) => [`${one.provider}/${one.model}`, one.named_by.join(', ')]);
  return `${table([['no price', 'named by'], ...rows])}\n\nunknown prices: ${policy}`;
}
