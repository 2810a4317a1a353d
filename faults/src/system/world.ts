// Everything that a campaign runs: the product and what surrounds it, and what is known of them.
import { type Noter } from '../load/noter';
import { type Receiver } from '../receiver/receiver';
import { type AdminLog } from './admin-log';
import { ask } from './patience';
import { type Product } from './product';
import { type Simulator } from './simulator';
import { type SmallDisk } from './small-disk';
import { type Tenant } from './tenants';

export interface World {
  readonly product: Product;
  readonly simulator: Simulator;
  readonly receiver: Receiver;
  readonly admin: AdminLog;
  readonly noter: Noter;
  /** Null: nothing may be mounted here. */
  readonly disk: SmallDisk | null;
  /** Sequences of what the campaign itself appended to the log. */
  readonly poison: Set<number>;
}

/** Registers a receiver's path as a webhook endpoint of a tenant; returns its id. */
export async function registerEndpoint(
  { product, receiver }: Pick<World, 'product' | 'receiver'>, tenant: Tenant, name: string,
): Promise<string> {
  const answer = await ask(`${product.url}/v1/webhook_endpoints`, {
    method: 'POST',
    headers: { authorization: `Bearer ${tenant.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ url: receiver.urlOf(name) }),
  });
  if (!answer.ok) throw new Error(`an endpoint was not registered: ${await answer.text()}`);
  const { id, secret } = await answer.json() as { id: string; secret: string };
  receiver.trust(name, secret);
  return id;
}
