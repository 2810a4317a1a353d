// What audit reads from its environment.
import { z } from 'zod';
import { whole } from '@libs/settings/environment';
import { serviceSettings } from '@libs/settings/service-settings';

export const auditSettings = serviceSettings(8083).extend({
  DATABASE_URL: z.string({ error: 'is missing: postgres://user:password@host:port/database' }),
  NATS_MONITOR_URL: z.string().optional(),
  /** Days the log keeps before it is trimmed; the archive keeps everything. */
  HOLDFAST_LOG_KEEP_DAYS: whole(7, 1),
});

export type AuditSettings = z.infer<typeof auditSettings>;
