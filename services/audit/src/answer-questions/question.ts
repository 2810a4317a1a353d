// A question as it comes over the wire.
import { z } from 'zod';
import { projections } from '@libs/routing/moment/entries';
import { type AskAudit, exportFormats } from '@libs/signals/ask-audit';

const count = z.number().int().min(0);
const moment = z.union([z.object({ timeMs: z.number() }), z.object({ sequence: count })]);
const text = z.string().nullable();

const events = z.object({
  from: moment.nullable(), to: moment.nullable(), types: z.array(z.string()).nullable(),
  subject: text, tenant: text, actor: text, key: text, team: text, model: text, provider: text,
  outcome: text, metadata: text,
});
const page = z.object({
  newestFirst: z.boolean(), limit: count.min(1), after: count.nullable(),
});

export const auditQuestion: z.ZodType<AskAudit> = z.discriminatedUnion('op', [
  z.object({ op: z.enum(['status', 'rebuild', 'rebuild-status', 'checkpoint']) }),
  z.object({ op: z.literal('inclusion'), sequence: count, line: count }),
  z.object({ op: z.literal('consistency'), from: count, to: count.nullable() }),
  z.object({ op: z.literal('events'), question: events, page }),
  z.object({ op: z.literal('export'), question: events, format: z.enum(exportFormats) }),
  z.object({ op: z.literal('export-status'), id: z.string() }),
  z.object({ op: z.literal('export-chunk'), id: z.string(), index: count }),
  z.object({
    op: z.literal('state'),
    at: z.union([z.object({ sequence: count }), z.object({ timeMs: z.number() })]),
    projection: z.enum(projections), tenant: z.string().nullable(), subject: z.string().nullable(),
    limit: z.number().int().min(1).max(1_000), after: z.string().nullable(),
    from_beginning: z.boolean(),
  }),
]);
