// What the workers need from their environment.
import { z } from 'zod';
import { proxyVariables } from '@libs/settings/egress-proxy';
import { whole } from '@libs/settings/environment';
import { masterKey, serviceSettings } from '@libs/settings/service-settings';

export const workerSettings = serviceSettings(8082).extend({
  HOLDFAST_MASTER_KEY: masterKey,
  /** Jobs in flight in this process; each waits for a provider most of the time. */
  HOLDFAST_WORKER_CAPACITY: whole(512, 1),
  /** Bodies above 64 KiB in memory at the same time; jobs beyond it wait their turn. */
  HOLDFAST_BODIES_MAX_BYTES: whole(256 * 1024 * 1024, 1),
  /** Webhook deliveries at the same time; each may take 15 s of waiting and little else. */
  HOLDFAST_WEBHOOK_CAPACITY: whole(128, 1),
  /** Where clients reach the API, for the links in webhooks; without it they are paths. */
  HOLDFAST_PUBLIC_URL: z.url().optional(),
  ...proxyVariables,
  /** http://host:port of the server's monitoring, to tell how durable the log is. */
  NATS_MONITOR_URL: z.string().optional(),
});
export type WorkerSettings = z.infer<typeof workerSettings>;
