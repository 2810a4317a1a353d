// Settings of the router, read once at start.
import { z } from 'zod';
import { whole } from '@libs/settings/environment';
import { serviceSettings } from '@libs/settings/service-settings';

export const routerSettings = serviceSettings(8081).extend({
  /** Monitoring address of the NATS server, for reading how durable it is. */
  NATS_MONITOR_URL: z.string().optional(),
  /** Abandoned attempts after which a job becomes a dead letter. */
  HOLDFAST_WORKER_ABANDON_CAP: whole(5, 1),
});
export type RouterSettings = z.infer<typeof routerSettings>;
