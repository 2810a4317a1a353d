// The prices of a desired configuration: its own, and those of the shipped catalogue.
import type { EventDraft } from '@libs/events/envelope';
import type { Origin } from '@libs/events/governance-events';
import { catalogueSource, type DesiredConfig, simulatedSource } from './desired-config';
import { sameValue } from './diff-fields';
import { changed, type DiffPart, emptyPart, removed } from './diff-part';
import { type GovernanceState, systemTenant } from './state';

/** Of the catalogue, prices stay: one without its provider is never asked for. What the file set is its own. */
export function diffPrices(state: GovernanceState, desired: DesiredConfig): DiffPart {
  const part = emptyPart();
  for (const value of desired.prices) {
    const id = `${value.provider}/${value.model}`;
    const setBy = state.priceSources.get(id);
    if (setBy?.origin === 'api') {
      if (value.source !== catalogueSource) {
        part.conflicts.push({ entity: 'price', id, message: `price ${id} was set by the API` });
      }
      continue;
    }
    const now = state.prices.get(id);
    if (now !== undefined && sameValue(now, value.price) && setBy?.source === value.source) continue;
    part.changes.push(changed('price', id, now, value.price));
    part.sets.push({
      type: 'PriceSet', subject: id, tenant: systemTenant, data: { ...value, origin: 'file' },
    });
  }
  const wanted = new Set(desired.prices.map(({ provider, model }) => `${provider}/${model}`));
  for (const [id, { origin, source }] of state.priceSources) {
    if (origin !== 'file' || source === catalogueSource || wanted.has(id)) continue;
    if (source === simulatedSource && desired.names_providers === false) continue;
    part.changes.push(removed('price', id));
    part.removals.push(priceRemoval(id, 'file'));
  }
  return part;
}

/** `id`: `provider/model`; a provider's id has no slash. */
export function priceRemoval(id: string, origin: Origin): EventDraft {
  const slash = id.indexOf('/');
  return {
    type: 'PriceRemoved', subject: id, tenant: systemTenant,
    data: { provider: id.slice(0, slash), model: id.slice(slash + 1), origin },
  };
}
