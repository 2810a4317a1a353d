// `holdfast prices set` and `holdfast prices remove`.
import { type Command } from 'commander';
import { type AdminFlags, askAdmin, lookAt } from '../shared/ask-admin';
import { withAdminAccess, withExamples } from '../shared/flags';
import { terminal } from '../shared/terminal';
import { amounts, priceBody, priceName } from './price-body';
import { priceChange, type PriceLine } from './price-text';

export function addPriceChanges(prices: Command): void {
  const set = prices.command('set')
    .description('what a model costs from now on, in USD per million tokens; the whole price is named')
    .argument('<provider/model>', 'which; a model may be a pattern with *');
  amounts.forEach(([flag, , what], place) => {
    const text = `--${flag} <usd>`;
    if (place < 2) set.requiredOption(text, what);
    else set.option(text, what);
  });
  set.option('--discount <percent>', 'off the whole call')
    .option('--context-tokens <n>', 'longest prompt and answer together');
  withExamples(withAdminAccess(set), [
    'prices set openai/gpt-4o --input 2.5 --output 10 --cached-input 1.25',
    'prices set "house/*" --input 0 --output 0 --per-request 0.001',
  ]).action((name: string, _own: object, self: Command) => change(name, self));
  const remove = prices.command('remove')
    .description('forget what a model costs; a price of the file or of the catalogue comes back with '
      + 'the next one that is applied')
    .argument('<provider/model>', 'which');
  withExamples(withAdminAccess(remove), ['prices remove openai/gpt-4o'])
    .action((name: string, _own: object, self: Command) => forget(name, self));
}

async function change(name: string, self: Command): Promise<void> {
  const flags = self.optsWithGlobals<AdminFlags>();
  const path = pathOf(name);
  const named = self.options.map((option) => {
    const value: unknown = self.opts()[option.attributeName()];
    return [option.long?.replace(/^--/, '') ?? '', typeof value === 'string' ? value : undefined];
  });
  const body = priceBody(Object.fromEntries(named) as Record<string, string | undefined>);
  const seen = await lookAt(flags, path);
  const after = await askAdmin(flags, { path, method: 'PUT', body, headers: { ...seen?.ifMatch } });
  terminal(flags.json).print(flags.json === true ? JSON.stringify(after)
    : priceChange(seen?.body as PriceLine | undefined ?? null, after as PriceLine));
}

async function forget(name: string, self: Command): Promise<void> {
  const flags = self.optsWithGlobals<AdminFlags>();
  const body = await askAdmin(flags, { path: pathOf(name), method: 'DELETE' });
  terminal(flags.json).print(flags.json === true ? JSON.stringify(body) : `the price of ${name} is removed`);
}

/** Names of models have slashes in them. */
function pathOf(name: string): string {
  const { provider, model } = priceName(name);
  return `/admin/v1/prices/${[provider, ...model.split('/')].map(encodeURIComponent).join('/')}`;
}
