// What an administrator did to a job: on the subject of the job itself, in the commit of what it
// brought about.
import { type EventDraft } from '@libs/events/envelope';
import { type Actor, whoOf } from '../shared/actor';
import { type Act } from './record-act';

export function actOnJob(
  actor: Actor, { id, tenant }: { readonly id: string; readonly tenant: string },
  act: Pick<Act, 'act' | 'detail'>,
): EventDraft {
  return {
    type: 'AdminActed', subject: id, tenant,
    data: { ...whoOf(actor), ...act, about: `jobs/${id}` },
  };
}
