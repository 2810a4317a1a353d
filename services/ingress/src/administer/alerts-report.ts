// Alerts for operators: what was raised, what of it is still so, and the endpoints they are told at.
import { type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { alertKinds, alertType, alertTypes } from '@libs/events/alert-events';
import { stamp } from '@libs/events/envelope';
import { subjects } from '@libs/events/subjects';
import { systemTenant } from '@libs/governance/state';
import { type AlertReport } from '@libs/routing/alerts/alert-report';
import { webhookSecret } from '@libs/settings/webhook-secret';
import { newEventId } from '@libs/telemetry/ids';
import { askAllAlerts } from '../shared/ask-alerts';
import { type Actor } from '../shared/actor';
import { type Edge } from '../shared/edge';
import { readQuery } from '../shared/read-json';
import { type HttpRefusal, isRefusal, refusal } from '../shared/refusal';
import { recordAct } from './record-act';

interface Answer { readonly status: number; readonly body: unknown }

const alertsQuery = z.object({
  /** As in the log or as receivers see it: `budget_threshold` or `budget.threshold`. */
  type: z.union([z.enum(alertKinds), alertType], {
    error: `takes one of ${alertType.options.join(', ')}`,
  }).optional(),
  customer: z.string().optional(),
  open: z.enum(['true', 'false']).optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});

export async function alertsReport(
  edge: Edge, request: FastifyRequest,
): Promise<Answer | HttpRefusal> {
  const query = readQuery(request, alertsQuery);
  if (isRefusal(query)) return query;
  const { type, customer, open, limit } = query;
  const { alerts, unanswered } = await askAllAlerts(edge);
  const wanted = alerts.filter((one) =>
    (type === undefined || type === one.kind || type === alertTypes[one.kind])
    && (customer === undefined || customer === one.tenant)
    && (open === undefined || one.open === (open === 'true')));
  const body = {
    object: 'list', data: wanted.slice(0, limit).map(reportView), has_more: wanted.length > limit,
    partitions_unanswered: unanswered,
  };
  return { status: 200, body };
}

function reportView({ alert, kind, raised_at, open, deliveries }: AlertReport): object {
  return { ...alert, type: alertTypes[kind], raised_at, open, deliveries };
}

/** Those that the file names; their secrets are asked for one by one. */
export function alertEndpointsReport(edge: Edge): Answer {
  const { alerts, endpoints } = edge.governance.state;
  const data = alerts.endpoints.map(({ endpoint: id, events }) => {
    const known = endpoints.get(id);
    return {
      id, object: 'webhook_endpoint', events, url: known?.url ?? null,
      status: known?.state ?? 'unknown', customer: known?.tenant ?? null,
    };
  });
  return { status: 200, body: { object: 'list', data } };
}

/** It is derived and stored nowhere, so it can be shown again; whoever had it shown is on record. */
export async function alertEndpointSecret(
  edge: Edge, id: string, actor: Actor,
): Promise<Answer | HttpRefusal> {
  const endpoint = edge.governance.state.endpoints.get(id);
  if (endpoint?.tenant !== systemTenant || endpoint.state === 'deleted') {
    return refusal(404, 'endpoint_not_found',
      `The configuration names no alert webhook "${id.slice(0, 64)}" with a url.`);
  }
  await recordAct(edge, actor, { act: 'alert_endpoint.secret', about: id, detail: {} });
  const secret = webhookSecret(edge.settings.HOLDFAST_MASTER_KEY, id, endpoint.generation);
  return { status: 200, body: { id, object: 'webhook_endpoint', url: endpoint.url, secret } };
}

/** One more try now, whoever's endpoint it is. What belongs to no customer is in partition 0. */
export async function redeliverAlert(
  edge: Edge, delivery: string, actor: Actor,
): Promise<Answer | HttpRefusal> {
  const { alerts } = await askAllAlerts(edge);
  const alert = alerts.find(({ deliveries }) => deliveries.some(({ id }) => id === delivery));
  const found = alert?.deliveries.find(({ id }) => id === delivery);
  if (alert === undefined || found === undefined) {
    return refusal(404, 'delivery_not_found',
      `There is no delivery "${delivery.slice(0, 64)}" about an alert.`);
  }
  const { id: subject, tenant } = alert;
  const partition = tenant === systemTenant ? 0 : edge.partitionOf(tenant);
  const event = stamp({
    type: 'WebhookRedeliverRequested', subject, tenant,
    data: { delivery, endpoint_id: found.endpoint_id },
  }, newEventId(), edge.now());
  await edge.log.append(subjects.job(partition, 'submitted'), { events: [event] });
  await recordAct(edge, actor, { act: 'alert_delivery.redeliver', about: delivery, detail: {} });
  const body = { ...found, object: 'webhook_delivery', alert_id: subject, status: 'pending' };
  return { status: 202, body };
}
