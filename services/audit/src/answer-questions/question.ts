// A question as it comes over the wire.
import { z } from 'zod';
import { projections } from '@libs/routing/moment/entries';
import { type AskAudit } from '@libs/signals/ask-audit';

const count = z.number().int().min(0);

export const auditQuestion: z.ZodType<AskAudit> = z.discriminatedUnion('op', [
  z.object({ op: z.enum(['status', 'rebuild', 'rebuild-status', 'checkpoint']) }),
  z.object({ op: z.literal('inclusion'), sequence: count, line: count }),
  z.object({ op: z.literal('consistency'), from: count, to: count.nullable() }),
  z.object({
    op: z.literal('state'),
    at: z.union([z.object({ sequence: count }), z.object({ timeMs: z.number() })]),
    projection: z.enum(projections), tenant: z.string().nullable(), subject: z.string().nullable(),
    limit: z.number().int().min(1).max(1_000), after: z.string().nullable(),
    from_beginning: z.boolean(),
  }),
]);
