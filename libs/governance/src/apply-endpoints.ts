// The part of applying a configuration that is about operators' webhook endpoints for alerts.
import type { EventDraft } from '@libs/events/envelope';
import type { DesiredConfig } from './desired-config';
import { sameValue } from './diff-fields';
import { changed, type DiffPart, emptyPart, removed } from './diff-part';
import { type GovernanceState, systemTenant, type WebhookEndpoint } from './state';

type Wanted = NonNullable<DesiredConfig['alert_endpoints']>[number];

/**
 * One that a 410 disabled stays disabled: taken out of the file and put in again it begins anew, with
 * another secret.
 */
export function diffEndpoints(state: GovernanceState, desired: DesiredConfig): DiffPart {
  const part = emptyPart();
  const entity = 'webhook' as const;
  const wanted = desired.alert_endpoints ?? [];
  for (const one of wanted) {
    const now = state.endpoints.get(one.endpoint);
    const id = one.url;
    if (now === undefined || now.state === 'deleted') {
      part.sets.push(created(one, now));
      part.changes.push(changed(entity, id, undefined, { events: one.events }));
    } else if (!sameValue(now.events, one.events)) {
      const data = { endpoint: one.endpoint, events: one.events, origin: 'file' as const };
      part.sets.push({ type: 'WebhookEndpointChanged', ...about(one.endpoint), data });
      part.changes.push(changed(entity, id, { events: now.events }, { events: one.events }));
    }
  }
  const ids = new Set(wanted.map(({ endpoint }) => endpoint));
  for (const { id, url, tenant, state: now } of state.endpoints.values()) {
    if (tenant !== systemTenant || now === 'deleted' || ids.has(id)) continue;
    const data = { endpoint: id, origin: 'file' as const };
    part.removals.push({ type: 'WebhookEndpointDeleted', ...about(id), data });
    part.changes.push(removed(entity, url));
  }
  for (const { endpoint: id } of desired.settings?.alerts?.endpoints ?? []) {
    if (ids.has(id) || (state.endpoints.get(id)?.state ?? 'deleted') !== 'deleted') continue;
    part.conflicts.push({ entity, id, message: `there is no webhook endpoint ${id}` });
  }
  return part;
}

function created({ endpoint, url, events }: Wanted, before: WebhookEndpoint | undefined): EventDraft {
  return {
    type: 'WebhookEndpointCreated', ...about(endpoint),
    data: {
      endpoint, url, generation: (before?.generation ?? 0) + 1,
      description: 'alerts, from the configuration file', events, ad_hoc: false, key: null,
      origin: 'file',
    },
  };
}

function about(endpoint: string): { readonly subject: string; readonly tenant: string } {
  return { subject: endpoint, tenant: systemTenant };
}
