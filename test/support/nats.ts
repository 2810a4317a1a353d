// The log of a running Holdfast, reached past the product as its NATS admin.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { type Holdfast } from './holdfast';

export async function natsAdmin(holdfast: Holdfast): Promise<NatsConnection> {
  const { nats } = await holdfast.processes();
  const users = await readFile(path.join(holdfast.dataDir, 'secrets/nats-users.json'), 'utf8');
  const { admin = '' } = JSON.parse(users) as Record<string, string>;
  return connect({ servers: new URL(nats?.url ?? '').host, user: 'admin', pass: admin });
}
