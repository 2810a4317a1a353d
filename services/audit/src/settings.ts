// What audit reads from its environment.
import { z } from 'zod';
import { parseWitnesses } from '@libs/checkpoints/witness';
import { proxyVariables } from '@libs/settings/egress-proxy';
import { whole } from '@libs/settings/environment';
import { serviceSettings } from '@libs/settings/service-settings';

export const auditSettings = serviceSettings(8083).extend({
  DATABASE_URL: z.string({ error: 'is missing: postgres://user:password@host:port/database' }),
  NATS_MONITOR_URL: z.string().optional(),
  /** Days the log keeps before it is trimmed; the archive keeps everything. */
  HOLDFAST_LOG_KEEP_DAYS: whole(7, 1),
  /** Where `holdfast up` keeps everything: its secrets hold the key, `checkpoints` the checkpoints. */
  HOLDFAST_DATA_DIR: z.string().optional(),
  /** File with the Ed25519 key (PKCS #8, PEM) that signs checkpoints; further ones, which sign beside it. */
  HOLDFAST_AUDIT_KEY: z.string().optional(),
  /** Where checkpoints are written as files; may be a mounted write-once bucket. */
  HOLDFAST_CHECKPOINT_DIR: z.string().optional(),
  /** Names the log in its checkpoints; no spaces or plus signs. */
  HOLDFAST_AUDIT_ORIGIN: z.string()
    .regex(/^[^\s+]+$/, { error: 'takes a name without spaces and plus signs' })
    .default('holdfast/log'),
  /** Room for snapshots of the past in Postgres; fewer mean that a moment takes longer to fold. */
  HOLDFAST_PAST_SNAPSHOTS_MB: whole(2_048, 1),
  /** Heap of the process that folds the past: that of a router, which folds the same. */
  HOLDFAST_PAST_MEMORY_MB: whole(1_536, 64),
  /** Who is asked to cosign checkpoints: `URL KEY`, separated by commas (docs/audit.md). */
  HOLDFAST_AUDIT_WITNESSES: z.string().default('').transform((text, context) => {
    const witnesses = parseWitnesses(text);
    if (witnesses !== null) return witnesses;
    context.addIssue({
      code: 'custom', message: 'takes "https://witness.example/prefix name+id+key", several with commas between',
    });
    return z.NEVER;
  }),
  ...proxyVariables,
});

export type AuditSettings = z.infer<typeof auditSettings>;
