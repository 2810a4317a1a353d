// A question as it comes over the wire.
import { z } from 'zod';
import { type AskAudit } from '@libs/signals/ask-audit';

const count = z.number().int().min(0);

export const auditQuestion: z.ZodType<AskAudit> = z.discriminatedUnion('op', [
  z.object({ op: z.enum(['status', 'rebuild', 'rebuild-status', 'checkpoint']) }),
  z.object({ op: z.literal('inclusion'), sequence: count, line: count }),
  z.object({ op: z.literal('consistency'), from: count, to: count.nullable() }),
]);
