// Makes what must exist in NATS, as the admin user.
import { connectNats } from '@libs/jetstream/connect';
import { ensureTopology, type Topology, type TopologyOptions } from '@libs/jetstream/topology';

export interface NatsAccess {
  readonly url: string;
  readonly creds?: string | undefined;
  readonly ca?: string | undefined;
}

/** Safe to repeat. @throws Fault server_incapable */
export async function makeTopology(
  { url, creds, ca }: NatsAccess, options: TopologyOptions,
): Promise<Topology> {
  const connection = await connectNats({ urls: url, name: 'holdfast-init', creds, ca });
  try {
    return await ensureTopology(connection, options);
  } finally {
    await connection.close();
  }
}
