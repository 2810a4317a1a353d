// A receiver that answers 410 Gone wants nothing more: its endpoint is disabled. Workers report it
// on events.webhook; only the ingress may write governance.
import { type HoldfastEvent } from '@libs/events/envelope';
import { subjects } from '@libs/events/subjects';
import { type Following } from '@libs/log/log';
import { readableEvents } from '@libs/log/readable-events';
import { type Edge } from '../shared/edge';

/** Follows from now on: a report missed while no ingress ran comes again with the next delivery. */
export async function disableGoneEndpoints(edge: Edge): Promise<Following> {
  const { lastSequence } = await edge.log.state();
  const last = lastSequence === 0 ? null : await edge.log.readAt(lastSequence);
  return edge.log.follow({
    subjects: [subjects.webhook('*')],
    after: last === null ? null : { sequence: last.sequence, msgId: last.msgId },
    onCommit: async (commit) => {
      for (const event of readableEvents(commit)) {
        if (event.type === 'WebhookAttemptFailed' && event.data.gone) await disable(edge, event);
      }
    },
    onStopped: edge.parts.onStopped,
  });
}

async function disable(edge: Edge, event: HoldfastEvent<'WebhookAttemptFailed'>): Promise<void> {
  const id = event.data.endpoint_id;
  try {
    await edge.governance.change((state) => {
      const endpoint = state.endpoints.get(id);
      if (endpoint?.state !== 'active') return [];
      return [{
        type: 'WebhookEndpointChanged', subject: id, tenant: endpoint.tenant, causation: event.id,
        data: {
          endpoint: id, state: 'disabled', reason: 'the receiver answered 410', origin: 'system',
        },
      }];
    });
  } catch (error) {
    edge.logger.warn({ err: error, endpoint: id }, 'endpoint not disabled');
  }
}
