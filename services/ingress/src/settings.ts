// What the ingress reads from its environment.
import { z } from 'zod';
import { proxyVariables } from '@libs/settings/egress-proxy';
import { flag, whole } from '@libs/settings/environment';
import {
  adminToken, bootstrapKey, masterKey, serviceSettings,
} from '@libs/settings/service-settings';

const mebibyte = 1024 * 1024;

export const ingressSettings = serviceSettings(8080).extend({
  HOLDFAST_ADMIN_TOKEN: adminToken,
  HOLDFAST_MASTER_KEY: masterKey,
  HOLDFAST_BOOTSTRAP_KEY: bootstrapKey.optional(),
  /** Reads of old jobs; without it they answer 503. */
  DATABASE_URL: z.string().optional(),
  NATS_MONITOR_URL: z.string().optional(),
  /** 20 MiB: a request with a few pictures in it. */
  HOLDFAST_BODY_MAX_BYTES: whole(20 * mebibyte, 1),
  /** Bodies above 64 KiB in memory here at the same time; a process takes about four times it. */
  HOLDFAST_BODIES_MAX_BYTES: whole(256 * mebibyte, 1),
  /** Open jobs of the whole system; beyond them new work is refused. A router keeps each in memory. */
  HOLDFAST_QUEUE_MAX: whole(200_000, 1),
  /** A key used within so many minutes is in use: a configuration may not cut it without force. */
  HOLDFAST_KEY_IN_USE_MIN: whole(60, 0),
  /** Requests that may wait here at the same time. */
  HOLDFAST_WAITING_MAX: whole(5000, 1),
  /** Origins that browsers may call from, separated by commas; none by default. */
  HOLDFAST_CORS_ORIGINS: z.string().default('').transform(
    (text) => text.split(',').map((origin) => origin.trim()).filter((origin) => origin !== ''),
  ),
  HOLDFAST_TRUST_PROXY: flag(false),
  /** Where browsers reach us, for logins; as they say themselves when absent. */
  HOLDFAST_PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** For tests: what takes minutes, hours and days in the keeping of content takes so long. */
  HOLDFAST_CONTENT_TEMPO_MS: z.coerce.number().int().min(500).optional(),
  /** A test message to a webhook endpoint leaves from here, by the same way as deliveries. */
  ...proxyVariables,
});

export type IngressSettings = z.infer<typeof ingressSettings>;
