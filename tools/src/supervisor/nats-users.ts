// The users of our own NATS server: one per service with its permissions, and the admin.
import { natsPermissions, natsServices } from '@libs/jetstream/permissions';
import { type NatsUser } from '@libs/servers/nats-config';

export const adminUser = 'admin';
export const natsUserNames: readonly string[] = [adminUser, ...natsServices];

export function natsUsers(passwordOf: (user: string) => string): NatsUser[] {
  return [
    { user: adminUser, password: passwordOf(adminUser) },
    ...natsServices.map((service) => ({
      user: service, password: passwordOf(service), permissions: natsPermissions(service),
    })),
  ];
}
