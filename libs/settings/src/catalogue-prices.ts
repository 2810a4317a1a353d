// Prices of the shipped catalogue (@pydantic/genai-prices): its data, not its float arithmetic.
import { type ModelInfo, type ModelPrice, findProvider } from '@pydantic/genai-prices';
import type { Price } from '@libs/events/usage';
import { type DesiredConfig, catalogueSource } from '@libs/governance/desired-config';
import { typeAt } from '@libs/governance/provider-types';
import { matchesModel } from './catalogue-match';
import { pricePerToken } from './prices-shape';

type PriceEntry = DesiredConfig['prices'][number];
type Rates = Omit<
  Price, 'per_request' | 'per_web_search' | 'discount_basis_points' | 'tiers' | 'context_tokens'
>;

/** Above this, only the models that the configuration names are priced, not the whole catalogue. */
const wholeCatalogueModelsMax = 150;

/** Prices of all models that `config` names, and of a provider's whole catalogue where it lists `*`. */
export function cataloguePrices(config: DesiredConfig, nowMs: number): PriceEntry[] {
  return config.providers.flatMap((provider) => {
    const catalogue = typeAt(provider.base_url)?.priceCatalogue;
    const models = catalogue === undefined ? [] : modelsOf(catalogue);
    const wanted = namedModels(config, provider);
    if (provider.models.includes('*') && models.length <= wholeCatalogueModelsMax) {
      for (const model of models) for (const name of ownNames(model)) wanted.add(name);
    }
    return [...wanted].flatMap((name) => {
      const found = models.find((model) => matchesModel(model.match, plainName(name)));
      const inForce = found === undefined ? null : priceAt(found, nowMs);
      if (inForce === null) return [];
      const context = found?.context_window;
      const price = context === undefined ? inForce : { ...inForce, context_tokens: context };
      return [{ provider: provider.provider, model: name, price, source: catalogueSource }];
    });
  });
}

function modelsOf(catalogue: string): readonly ModelInfo[] {
  return findProvider({ providerId: catalogue })?.models ?? [];
}

function namedModels(
  config: DesiredConfig, provider: DesiredConfig['providers'][number],
): Set<string> {
  const names = new Set(provider.models.filter((name) => !name.includes('*')));
  if (provider.default_model !== null) names.add(provider.default_model);
  const prefix = `${provider.provider}/`;
  for (const { targets, fallbacks, rules = [] } of config.routes) {
    for (const target of [...targets, ...rules.flatMap((rule) => rule.targets)]) {
      if (target.provider === provider.provider) names.add(target.model);
    }
    const lists = [fallbacks.default, fallbacks.context_too_long, fallbacks.content_filter];
    for (const name of lists.flat()) {
      if (name.startsWith(prefix)) names.add(name.slice(prefix.length));
    }
  }
  return names;
}

/** The catalogue's id, and a pattern where dated names of it share a beginning. */
function ownNames(model: ModelInfo): readonly string[] {
  const dated = matchesModel(model.match, `${model.id}-20990101`);
  const itself = matchesModel(model.match, model.id);
  return [...(itself ? [model.id] : []), ...(dated ? [`${model.id}-*`] : [])];
}

/** A pattern is priced as one of the names it stands for. */
function plainName(name: string): string {
  return name.replace('*', '20990101');
}

/**
 * The price in force at `nowMs`. Where it depends on the time of day the dearest is taken: the call
 * may run at any hour, and a bill is better seen too high than too low.
 */
function priceAt(model: ModelInfo, nowMs: number): Price | null {
  const entries = Array.isArray(model.prices) ? model.prices : [{ prices: model.prices }];
  let inForce: Price | null = null;
  for (const { prices, constraint } of entries) {
    if (constraint?.type === 'start_date' && Date.parse(constraint.start_date) > nowMs) continue;
    const price = priceOf(prices);
    if (price === null) continue;
    const cheaper = constraint?.type === 'time_of_date' && inForce !== null
      && BigInt(price.input_per_token) < BigInt(inForce.input_per_token);
    if (!cheaper) inForce = price;
  }
  return inForce;
}

function priceOf(prices: ModelPrice): Price | null {
  const base = ratesAt(prices, 0);
  if (base === null) return null;
  const starts = new Set(Object.values(prices).flatMap((value) =>
    typeof value === 'object' ? value.tiers.map((tier) => tier.start) : []));
  const tiers = [...starts].sort((one, other) => one - other).flatMap((start) => {
    const rates = ratesAt(prices, start);
    return rates === null ? [] : [{ above_input_tokens: start, ...rates }];
  });
  const perSearch = perThousand(prices['web_searches_kcount']);
  return {
    ...base,
    per_request: perThousand(prices['requests_kcount']) ?? '0',
    ...(perSearch === null ? {} : { per_web_search: perSearch }),
    ...(tiers.length === 0 ? {} : { tiers }),
  };
}

/** Rates for a prompt just above `start` tokens; null for what is not priced by input tokens. */
function ratesAt(prices: ModelPrice, start: number): Rates | null {
  const at = (name: string): string | null => {
    const value = prices[name];
    if (value === undefined) return null;
    if (typeof value === 'number') return pricePerToken(value);
    const tier = value.tiers.findLast((candidate) => candidate.start <= start);
    return pricePerToken(tier === undefined || start === 0 ? value.base : tier.price);
  };
  const input = at('input_mtok');
  if (input === null) return null;
  return {
    input_per_token: input,
    cached_input_per_token: at('cache_read_mtok') ?? input,
    cache_write_per_token: at('cache_write_mtok') ?? input,
    // Embeddings have no output.
    output_per_token: at('output_mtok') ?? '0',
    ...ownRates(at),
  };
}

/** What has a price of its own in the catalogue; the rest is paid at the plain rates. */
function ownRates(at: (name: string) => string | null): Partial<Rates> {
  const rates: Partial<Record<keyof Rates, string>> = {};
  for (const [rate, name] of ownRateNames) {
    const found = at(name);
    if (found !== null) rates[rate] = found;
  }
  return rates;
}

const ownRateNames: readonly (readonly [rate: keyof Rates, name: string])[] = [
  ['cache_write_1h_per_token', 'cache_write_1h_mtok'],
  ['audio_input_per_token', 'input_audio_mtok'],
  ['cached_audio_per_token', 'cache_audio_read_mtok'],
  ['image_input_per_token', 'input_image_mtok'],
  ['reasoning_per_token', 'output_reasoning_mtok'],
  ['audio_output_per_token', 'output_audio_mtok'],
  ['image_output_per_token', 'output_image_mtok'],
];

function perThousand(usd: ModelPrice[string]): string | null {
  return typeof usd === 'number' ? pricePerToken(usd, 3) : null;
}
