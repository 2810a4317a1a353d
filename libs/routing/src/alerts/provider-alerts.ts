// What only operators can mend: provider keys that are out of rotation, models without a price.
import { type GovernanceState, systemTenant } from '@libs/governance/state';
import { rulesOf } from '../health/rules';
import { keyName, type ProviderLoad } from '../provider-load';
import type { Due } from './due';

/** A day's end may pass between a call and the look; older ones nobody was there to tell. */
const unpricedToldMs = 86_400_000;

export function providerAlerts(
  { governance: { providers }, load, nowMs }: {
    readonly governance: Pick<GovernanceState, 'providers'>; readonly load: ProviderLoad;
    readonly nowMs: number;
  },
): Due[] {
  const found: Due[] = [];
  for (const { provider, keys, health } of providers.values()) {
    // What is learned changes no decision then: nothing is taken out of rotation.
    if (!rulesOf(health).enabled) continue;
    for (const { name: key } of keys) {
      const out = load.keys.get(keyName(provider, key))?.out ?? null;
      if (out === null) continue;
      found.push({
        id: ['provider_key_disabled', provider, key, new Date(out.sinceMs).toISOString()].join('/'),
        tenant: systemTenant,
        data: {
          alert: 'provider_key_disabled', provider, key, error: out.why, since_ms: out.sinceMs,
        },
      });
    }
  }
  const oldest = new Date(nowMs - unpricedToldMs).toISOString().slice(0, 10);
  for (const { provider, model, day } of load.unpriced.values()) {
    if (day < oldest) continue;
    found.push({
      id: ['price_unknown', provider, model, day].join('/'),
      tenant: systemTenant,
      data: { alert: 'price_unknown', provider, model, day },
    });
  }
  return found;
}
