// From the checked value of holdfast.yaml to the desired configuration that is applied.
import { createHash } from 'node:crypto';
import { type DesiredConfig, emptyConfig } from '@libs/governance/desired-config';
import { buildProvider, buildRoute, noProvider, providerIds } from './build-providers';
import { cataloguePrices } from './catalogue-prices';
import type { Building } from './building';
import type { ConfigPath, ProblemList } from './config-problem';
import { secretReference, secretValue } from './config-secret';
import { collectLimits } from './build-limits';
import type { CustomerYaml, HoldfastYaml, VirtualKeyYaml } from './holdfast-yaml';
import { buildPrice, discountOf } from './prices-shape';

type DesiredPrice = DesiredConfig['prices'][number];

/** A guessable client key is worse than none; generated ones have 40 letters and more. */
const clientKeyLettersMin = 16;
/** Letters of a client key that people see. */
const hintLetters = 6;

export function buildConfig(yaml: HoldfastYaml, nowMs: number, building: Building): DesiredConfig {
  const { list } = building;
  const ids = providerIds(yaml);
  checkTwice(yaml, list);
  const providers = (yaml.providers ?? []).map((provider, index) =>
    buildProvider(provider, ['providers', index], { ...building, health: yaml.health }));
  const routes = (yaml.routes ?? []).map((route, index) =>
    buildRoute(route, ['routes', index], { ...building, providers: ids }));
  const prices = (yaml.prices ?? []).map((price, index) => {
    if (!ids.has(price.provider)) {
      list.add(['prices', index, 'provider'], noProvider(price.provider, ids));
    }
    const { provider, model } = price;
    return { provider, model, source: 'holdfast.yaml', price: buildPrice(price) };
  });
  const own = new Set(prices.map((price) => `${price.provider}/${price.model}`));
  const fromCatalogue = cataloguePrices({ ...emptyConfig, providers, routes }, nowMs)
    .filter((price) => !own.has(`${price.provider}/${price.model}`));
  const discounts = new Map((yaml.providers ?? []).flatMap(({ id, discount_percent: off }) =>
    off === undefined ? [] : [[id, off] as const]));
  const limits = collectLimits(yaml.customers ?? [], ids, list);
  return {
    ...buildCustomers(yaml.customers ?? [], building),
    ...(limits.length === 0 ? {} : { limits }),
    providers,
    routes,
    prices: [...prices, ...fromCatalogue].map((price) => withDiscount(price, discounts)),
    settings: buildSettings(yaml),
  };
}

/** null: nothing is said, so the defaults. */
function buildSettings(
  { webhooks, governance, content }: HoldfastYaml,
): DesiredConfig['settings'] {
  const { allow_private: allowPrivate } = webhooks ?? {};
  const { unknown_price: unknownPrice, write_off_after_s: writeOffAfterS } = governance ?? {};
  const { encryption, ...rules } = content ?? {};
  const hasRules = Object.keys(rules).length > 0;
  const settings = [allowPrivate, unknownPrice, writeOffAfterS, encryption];
  if (!hasRules && settings.every((setting) => setting === undefined)) return null;
  return {
    webhooks_allow_private: allowPrivate ?? false,
    ...(unknownPrice === undefined ? {} : { unknown_price: unknownPrice }),
    ...(encryption === undefined ? {} : { content_encryption: encryption }),
    ...(hasRules ? { content: rules } : {}),
    ...(writeOffAfterS === undefined ? {}
      : { write_off_after_s: writeOffAfterS === 'never' ? null : writeOffAfterS }),
  };
}

function buildCustomers(
  customers: readonly CustomerYaml[], building: Building,
): Pick<DesiredConfig, 'customers' | 'teams' | 'keys'> {
  const result: Pick<DesiredConfig, 'customers' | 'teams' | 'keys'> = {
    customers: [], teams: [], keys: [],
  };
  for (const [index, customer] of customers.entries()) {
    const { id, name, weight, content, teams = [], keys = [] } = customer;
    const path = ['customers', index] as const;
    result.customers.push({
      customer: id, name: name ?? null, weight: weight ?? 1,
      ...(content === undefined ? {} : { content }),
    });
    result.keys.push(...buildClientKeys(keys, [...path, 'keys'], { building, customer: id }));
    for (const [place, team] of teams.entries()) {
      result.teams.push({ team: team.id, customer: id, name: team.name ?? null });
      const owner = { building, customer: id, team: team.id };
      const keysPath = [...path, 'teams', place, 'keys'];
      result.keys.push(...buildClientKeys(team.keys ?? [], keysPath, owner));
    }
  }
  return result;
}

interface KeyOwner {
  readonly building: Building;
  readonly customer: string;
  readonly team?: string;
}

function buildClientKeys(
  keys: readonly VirtualKeyYaml[], path: ConfigPath, owner: KeyOwner,
): DesiredConfig['keys'] {
  return keys.flatMap((key, index) => {
    const value = clientKeyValue(key, [...path, index, 'value'], owner.building);
    if (value === null) return [];
    return [{
      key: key.id,
      customer: owner.customer,
      team: owner.team ?? null,
      hash: createHash('sha256').update(value).digest('hex'),
      hint: `${value.slice(0, hintLetters)}…`,
      name: key.name ?? null,
      models: (key.models ?? []).filter((model) => model !== '*'),
      providers: (key.providers ?? []).filter((provider) => provider !== '*'),
      visibility: key.visibility ?? (owner.team === undefined ? 'customer' : 'team'),
      metadata: key.metadata ?? {},
      expires_at_ms: key.expires_at === undefined ? null : Date.parse(key.expires_at),
    }];
  });
}

function clientKeyValue(key: VirtualKeyYaml, path: ConfigPath, building: Building): string | null {
  const { environment, list } = building;
  const suggestedVariable = `${key.id.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}_KEY`;
  const ref = secretReference({ path, text: key.value, suggestedVariable }, environment, list);
  const value = ref === null ? null : secretValue(ref, path, { environment, list });
  if (value !== null && value.length < clientKeyLettersMin) {
    list.add(path, `this key is too short to be safe: at least ${clientKeyLettersMin} letters`);
    return null;
  }
  return value;
}

/** A discount of the provider holds where the price names none of its own. */
function withDiscount(price: DesiredPrice, discounts: ReadonlyMap<string, number>): DesiredPrice {
  const { provider, price: { discount_basis_points: own } } = price;
  if (own !== undefined) return price;
  return { ...price, price: { ...price.price, ...discountOf(discounts.get(provider)) } };
}

/** Ids must be single over the whole file. */
function checkTwice(yaml: HoldfastYaml, list: ProblemList): void {
  const seen = new Set<string>();
  const once = (kind: string, id: string, path: ConfigPath): void => {
    if (seen.has(`${kind} ${id}`)) list.add(path, `there is another ${kind} "${id}" in this file`);
    seen.add(`${kind} ${id}`);
  };
  yaml.providers?.forEach(({ id }, index) => once('provider', id, ['providers', index, 'id']));
  yaml.routes?.forEach(({ model }, index) => once('route', model, ['routes', index, 'model']));
  yaml.prices?.forEach(({ provider, model }, index) =>
    once('price', `${provider}/${model}`, ['prices', index, 'model']));
  for (const [index, customer] of (yaml.customers ?? []).entries()) {
    const path = ['customers', index] as const;
    once('customer', customer.id, [...path, 'id']);
    customer.keys?.forEach(({ id }, place) => once('key', id, [...path, 'keys', place, 'id']));
    for (const [place, team] of (customer.teams ?? []).entries()) {
      once('team', team.id, [...path, 'teams', place, 'id']);
      team.keys?.forEach(({ id }, at) =>
        once('key', id, [...path, 'teams', place, 'keys', at, 'id']));
    }
  }
}
