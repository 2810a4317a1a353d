// Writes down that an administrator acted. The change itself is a governance event of its own.
import { stamp } from '@libs/events/envelope';
import { subjects } from '@libs/events/subjects';
import { newEventId } from '@libs/telemetry/ids';
import { type Edge } from '../shared/edge';

export interface Act {
  readonly act: string;
  readonly about: string;
  readonly detail: Record<string, unknown>;
}

/** @throws Fault log_unavailable */
export async function recordAct(edge: Edge, act: Act): Promise<void> {
  const event = stamp({
    type: 'AdminActed', subject: act.about, tenant: 'system', data: { actor: 'admin', ...act },
  }, newEventId(), edge.now());
  await edge.log.append(subjects.access, { events: [event] });
}
