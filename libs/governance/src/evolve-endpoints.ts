// The part of the governance fold that keeps webhook endpoints.
import type { EventType } from '@libs/events/catalogue';
import type { AnyEvent, HoldfastEvent } from '@libs/events/envelope';
import type { WebhookEndpoint } from './state';

type EndpointEventType = Extract<EventType, `WebhookEndpoint${string}`>;
export type EndpointEvent = Extract<AnyEvent, { type: EndpointEventType }>;
type Endpoints = ReadonlyMap<string, WebhookEndpoint>;

export function evolveEndpoints(
  endpoints: Endpoints, event: EndpointEvent, atMs: number,
): Endpoints {
  if (event.type === 'WebhookEndpointCreated') {
    return new Map(endpoints).set(event.data.endpoint, created(event, atMs));
  }
  const endpoint = endpoints.get(event.data.endpoint);
  if (endpoint === undefined || endpoint.state === 'deleted') return endpoints;
  return new Map(endpoints).set(endpoint.id, changed(endpoint, event));
}

function created(event: HoldfastEvent<'WebhookEndpointCreated'>, atMs: number): WebhookEndpoint {
  const { data } = event;
  return {
    id: data.endpoint,
    tenant: event.tenant,
    url: data.url,
    generation: data.generation,
    oldUntilMs: null,
    description: data.description,
    events: data.events,
    state: 'active',
    adHoc: data.ad_hoc,
    key: data.key,
    createdAtMs: atMs,
  };
}

function changed(
  endpoint: WebhookEndpoint, event: Exclude<EndpointEvent, { type: 'WebhookEndpointCreated' }>,
): WebhookEndpoint {
  switch (event.type) {
    case 'WebhookEndpointChanged': {
      const { url, description, events, state } = event.data;
      return {
        ...endpoint,
        url: url ?? endpoint.url,
        description: description === undefined ? endpoint.description : description,
        events: events ?? endpoint.events,
        state: state ?? endpoint.state,
      };
    }
    case 'WebhookEndpointRotated': {
      const { generation, old_until_ms: oldUntilMs } = event.data;
      return { ...endpoint, generation, oldUntilMs };
    }
    case 'WebhookEndpointDeleted': return { ...endpoint, state: 'deleted' };
  }
}
