// Prices in administration: what a model costs at a provider, in the fields of holdfast.yaml or as
// whole numbers of 10⁻¹² USD, as they are in the log.
import { z } from 'zod';
import { type EventDraft } from '@libs/events/envelope';
import { type Price } from '@libs/events/usage';
import { priceRemoval } from '@libs/governance/apply-prices';
import { exactPrice } from '@libs/governance/exact-price';
import { type GovernanceState, systemTenant } from '@libs/governance/state';
import { buildPrice, priceFields } from '@libs/settings/prices-shape';
import { checkShape } from '../shared/read-json';
import { type HttpRefusal, isRefusal, refusal } from '../shared/refusal';
import { type Body, type EntityKind } from './entity-kind';

const name = { provider: z.string().min(1), model: z.string().min(1) };
const exactBody = z.object({ ...name, price: exactPrice });
const bodyInUsd = z.strictObject({ ...name, ...priceFields });

export const prices: EntityKind = {
  list: (state) => [...state.prices.keys()].map((id) => priceView(state, id)),
  // Anybody may set a price; it then stays until the next one, or until it is removed.
  find: (state, id) => state.prices.has(id) ? { view: priceView(state, id), origin: null } : null,
  make: (body, { state }) => {
    const value = readPrice(body);
    if (isRefusal(value)) return value;
    if (!state.providers.has(value.provider)) {
      const known = [...state.providers.keys()].join(', ') || 'none yet';
      return refusal(400, 'invalid_value',
        `There is no provider "${value.provider}"; there is ${known}.`, { param: 'provider' });
    }
    const id = `${value.provider}/${value.model}`;
    const draft: EventDraft = {
      type: 'PriceSet', subject: id, tenant: systemTenant,
      data: { ...value, source: 'api', origin: 'api' },
    };
    return { id, draft };
  },
  changeable: true,
  idFields: (id): Body => {
    const slash = id.indexOf('/');
    return { provider: id.slice(0, Math.max(0, slash)), model: id.slice(slash + 1) };
  },
  remove: (_state, id) => priceRemoval(id, 'api'),
};

function readPrice(
  body: Body,
): { readonly provider: string; readonly model: string; readonly price: Price } | HttpRefusal {
  if ('price' in body) return checkShape(body, exactBody);
  const value = checkShape(body, bodyInUsd);
  if (isRefusal(value)) return value;
  const { provider, model, ...fields } = value;
  return { provider, model, price: buildPrice(fields) };
}

function priceView(state: GovernanceState, id: string): object {
  const { origin, source } = state.priceSources.get(id) ?? { origin: null, source: null };
  return { id, price: state.prices.get(id), source, origin };
}
