// Who is told of an alert: endpoints of its customer that ask for its type by name, and those that
// operators have named for all customers and for the system.
import type { AlertType } from '@libs/events/alert-events';
import type { GovernanceState } from './state';

/** A customer that registers more has one alert told to the first of them. */
const endpointsPerAlertMax = 50;

/** Endpoints for single jobs are never told: they did not ask. */
export function alertEndpoints(
  { alerts, endpoints }: Pick<GovernanceState, 'alerts' | 'endpoints'>,
  { type, tenant }: { readonly type: AlertType; readonly tenant: string },
): string[] {
  const told = new Set<string>();
  for (const { endpoint, events } of alerts.endpoints) {
    if (events.includes(type) && endpoints.get(endpoint)?.state === 'active') told.add(endpoint);
  }
  for (const endpoint of endpoints.values()) {
    const asks = endpoint.tenant === tenant && !endpoint.adHoc && endpoint.events.includes(type);
    if (asks && endpoint.state === 'active') told.add(endpoint.id);
  }
  return [...told].slice(0, endpointsPerAlertMax);
}
