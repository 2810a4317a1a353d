// What each service's NATS user may do. Only the admin user may make, change or delete streams;
// only audit may purge; each service appends to its own subjects only.
import { subjects } from '@libs/events/subjects';

export const natsServices = ['ingress', 'router', 'workers', 'audit'] as const;
export type NatsService = (typeof natsServices)[number];

export interface NatsPermissions {
  readonly publish: { readonly allow: readonly string[]; readonly deny: readonly string[] };
  readonly subscribe: { readonly allow: readonly string[] };
  /** May answer a request on the reply subject it came with. */
  readonly allow_responses: boolean;
}

/** Not persisted and never an input of a decision, so they are open among the services. */
const signals = [
  'reply.*', 'ask.>', 'deltas.*', 'cancel.*', 'refused.*', 'running.*', 'health', 'worker.*',
  'router.*',
];

const readEvents = [
  '$JS.API.INFO',
  '$JS.API.STREAM.INFO.EVENTS', '$JS.API.STREAM.MSG.GET.EVENTS',
  '$JS.API.DIRECT.GET.EVENTS', '$JS.API.DIRECT.GET.EVENTS.>',
  '$JS.API.CONSUMER.CREATE.EVENTS', '$JS.API.CONSUMER.CREATE.EVENTS.>',
  '$JS.API.CONSUMER.INFO.EVENTS.*', '$JS.API.CONSUMER.MSG.NEXT.EVENTS.*',
];

/** Work is the workers' alone: nobody else takes it, or changes the consumer that gives it. */
const workConsumer = [
  '$JS.API.CONSUMER.CREATE.EVENTS.workers', '$JS.API.CONSUMER.CREATE.EVENTS.workers.>',
  '$JS.API.CONSUMER.MSG.NEXT.EVENTS.workers',
];

const takeWork = [
  '$JS.API.CONSUMER.DURABLE.CREATE.EVENTS.workers', '$JS.API.CONSUMER.DELETE.EVENTS.workers',
  '$JS.ACK.EVENTS.workers.>', '$JS.ACK.*.*.EVENTS.workers.>',
];

const own: Readonly<Record<NatsService, readonly string[]>> = {
  ingress: [
    subjects.job('*', 'submitted'), subjects.governance, subjects.access,
    ...readBucket('content'), ...writeBucket('content'),
    // Makes data keys, and destroys them in erasures.
    ...readKeyValue('content-keys'), '$KV.content-keys.>', '$JS.API.STREAM.MSG.DELETE.KV_content-keys',
  ],
  router: [
    subjects.job('*', 'routed'), ...readBucket('content'),
    ...readKeyValue('leases'), '$KV.leases.>',
    // A snapshot replaces the one before it, whose chunks are purged.
    ...readBucket('snapshots'), ...writeBucket('snapshots'), '$JS.API.STREAM.PURGE.OBJ_snapshots',
  ],
  workers: [
    subjects.job('*', 'attempted'), subjects.job('*', 'settled'), subjects.webhook('*'),
    ...readBucket('content'), ...writeBucket('content'), ...takeWork, ...readKeyValue('content-keys'),
  ],
  audit: [
    subjects.checkpoint, '$JS.API.STREAM.PURGE.EVENTS',
    ...readBucket('content'), ...writeBucket('content'), '$JS.API.STREAM.PURGE.OBJ_content',
    ...readBucket('snapshots'), ...readKeyValue('leases'), ...readKeyValue('content-keys'),
  ],
};

export function natsPermissions(service: NatsService): NatsPermissions {
  return {
    publish: {
      allow: [...signals, ...readEvents, ...readKeyValue('cluster'), ...own[service]],
      deny: service === 'workers' ? [] : workConsumer,
    },
    subscribe: { allow: ['_INBOX.>', ...signals] },
    allow_responses: true,
  };
}

/** The `authorization` block of nats.conf, for servers that are not started by `holdfast up`. */
export function renderUsers(passwords: Readonly<Record<NatsService | 'admin', string>>): string {
  const users = [
    `    { user: "admin", password: ${JSON.stringify(passwords.admin)} }`,
    ...natsServices.map((service) => {
      const rights = JSON.stringify(natsPermissions(service));
      return `    { user: "${service}", password: ${JSON.stringify(passwords[service])}, `
        + `permissions: ${rights} }`;
    }),
  ];
  return ['authorization {', '  users: [', ...users, '  ]', '}', ''].join('\n');
}

function readKeyValue(bucket: string): string[] {
  return [
    `$JS.API.STREAM.INFO.KV_${bucket}`, `$JS.API.STREAM.MSG.GET.KV_${bucket}`,
    `$JS.API.DIRECT.GET.KV_${bucket}`, `$JS.API.DIRECT.GET.KV_${bucket}.>`,
  ];
}

function readBucket(bucket: string): string[] {
  return [
    `$JS.API.STREAM.INFO.OBJ_${bucket}`, `$JS.API.STREAM.MSG.GET.OBJ_${bucket}`,
    `$JS.API.DIRECT.GET.OBJ_${bucket}`, `$JS.API.DIRECT.GET.OBJ_${bucket}.>`,
    `$JS.API.CONSUMER.CREATE.OBJ_${bucket}`, `$JS.API.CONSUMER.CREATE.OBJ_${bucket}.>`,
    `$JS.API.CONSUMER.INFO.OBJ_${bucket}.*`, `$JS.API.CONSUMER.DELETE.OBJ_${bucket}.*`,
    // Answers to the server's flow control of a large object.
    `$JS.FC.OBJ_${bucket}.>`,
  ];
}

function writeBucket(bucket: string): string[] {
  return [`$O.${bucket}.>`];
}
