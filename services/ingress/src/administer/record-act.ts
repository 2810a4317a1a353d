// Writes down what somebody did that changes nothing in the log by itself (a login, an export). What
// does change something is written in its commit (change-as.ts).
import { type Catalogue } from '@libs/events/catalogue';
import { systemTenant } from '@libs/governance/state';
import { type Actor, whoOf } from '../shared/actor';
import { type Edge } from '../shared/edge';

export type Act = Pick<Catalogue['AdminActed'], 'act' | 'about' | 'detail'>;

/** @throws Fault log_unavailable, log_full */
export async function recordAct(edge: Edge, actor: Actor, act: Act): Promise<void> {
  await edge.appends.recordAccess({
    type: 'AdminActed', subject: act.about, tenant: systemTenant,
    data: { ...whoOf(actor), ...act },
  });
}
