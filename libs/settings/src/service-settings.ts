// What every service needs from its environment. A service's own schema extends it.
import { z } from 'zod';
import { Secret } from './secret';
import { port, whole } from './environment';

const secret = z.string().min(1).transform((value) => new Secret(value));

/** Shared part; `portDefault` is the service's own port (ingress 8080, router 8081, …). */
export const serviceSettings = (portDefault: number) =>
  z.object({
    /** nats://user:password@host:port, several separated by commas. */
    NATS_URL: z.string().default('nats://127.0.0.1:4222'),
    NATS_CREDS: z.string().optional(),
    NATS_CA: z.string().optional(),
    HOLDFAST_HOST: z.string().default('127.0.0.1'),
    HOLDFAST_PORT: port(portDefault),
    /** Name of this instance in logs, leases and reply subjects; made up when absent. */
    HOLDFAST_INSTANCE: z.string().regex(/^[A-Za-z0-9_-]+$/).optional(),
    /** Seconds a stopping service may take to finish; api.md section 1. */
    HOLDFAST_DRAIN_S: whole(120),
    HOLDFAST_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  });

export type SharedSettings = z.infer<ReturnType<typeof serviceSettings>>;

export const adminToken = secret;
export const masterKey = secret;
export const bootstrapKey = secret;
