// From the checked value of holdfast.yaml to the desired configuration that is applied.
import { checkDesired } from '@libs/governance/check-desired';
import { type DesiredConfig, emptyConfig } from '@libs/governance/desired-config';
import { buildAdministrators } from './build-administrators';
import { knownNames } from '@libs/governance/known-names';
import { systemTenant } from '@libs/governance/state';
import { type AlertsBuilt, buildAlerts } from './build-alerts';
import { buildCustomers } from './build-customers';
import { buildProvider, buildRoute, noProvider, providerIds } from './build-providers';
import { cataloguePrices } from './catalogue-prices';
import type { Building } from './building';
import type { ConfigPath, ProblemList } from './config-problem';
import { collectLimits } from './build-limits';
import type { HoldfastYaml } from './holdfast-yaml';
import { placesOf, sayAt } from './places';
import { buildPrice, discountOf } from './prices-shape';

type DesiredPrice = DesiredConfig['prices'][number];

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
  const alerts = yaml.alerts === undefined ? null : buildAlerts(yaml.alerts, list);
  const limits = collectLimits(yaml.customers ?? [], ids, { building, nowMs });
  const config: DesiredConfig = {
    ...buildCustomers(yaml.customers ?? [], building),
    ...(limits.length === 0 ? {} : { limits }),
    providers,
    routes,
    prices: [...prices, ...fromCatalogue].map((price) => withDiscount(price, discounts)),
    ...(alerts === null ? {} : { alert_endpoints: alerts.endpoints }),
    settings: buildSettings(yaml, alerts),
    ...buildAdministrators(yaml, building),
  };
  const places = placesOf(yaml.customers ?? []);
  // Where no provider is named, those of the environment are used: they take any model.
  const problems = checkDesired(config, providers.length === 0 ? null : knownNames(config));
  // What is there twice is said by checkTwice.
  for (const problem of problems) if (problem.field !== 'id') sayAt(places, problem, list);
  return config;
}

/** null: nothing is said, so the defaults. */
function buildSettings(
  { webhooks, governance, content }: HoldfastYaml, alerts: AlertsBuilt | null,
): DesiredConfig['settings'] {
  const { allow_private: allowPrivate } = webhooks ?? {};
  const { unknown_price: unknownPrice, write_off_after_s: writeOffAfterS } = governance ?? {};
  const { encryption, ...rules } = content ?? {};
  const hasRules = Object.keys(rules).length > 0;
  const settings = [allowPrivate, unknownPrice, writeOffAfterS, encryption];
  if (alerts === null && !hasRules && settings.every((setting) => setting === undefined)) return null;
  return {
    webhooks_allow_private: allowPrivate ?? false,
    ...(unknownPrice === undefined ? {} : { unknown_price: unknownPrice }),
    ...(encryption === undefined ? {} : { content_encryption: encryption }),
    ...(hasRules ? { content: rules } : {}),
    ...(writeOffAfterS === undefined ? {}
      : { write_off_after_s: writeOffAfterS === 'never' ? null : writeOffAfterS }),
    ...(alerts === null ? {} : { alerts: alerts.settings }),
  };
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
  yaml.administrators?.forEach(({ id }, index) =>
    once('administrator', id, ['administrators', index, 'id']));
  for (const [index, customer] of (yaml.customers ?? []).entries()) {
    const path = ['customers', index] as const;
    once('customer', customer.id, [...path, 'id']);
    if (customer.id === systemTenant) {
      list.add([...path, 'id'], `"${systemTenant}" stands for what belongs to no customer; take another id`);
    }
    customer.keys?.forEach(({ id }, place) => once('key', id, [...path, 'keys', place, 'id']));
    for (const [place, team] of (customer.teams ?? []).entries()) {
      once('team', team.id, [...path, 'teams', place, 'id']);
      team.keys?.forEach(({ id }, at) =>
        once('key', id, [...path, 'teams', place, 'keys', at, 'id']));
    }
  }
}
