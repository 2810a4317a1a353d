// Facts about access: refused requests and acts of administrators (events.access), checkpoints.
import { z } from 'zod';

/** One per key or source and reason per 10 s, with a count. */
export const requestDenied = z.object({
  source: z.string(),
  key: z.string().nullable(),
  reason: z.string(),
  count: z.number().int(),
});

export const adminActed = z.object({ actor: z.string(), act: z.string(), about: z.string(), detail: z.record(z.string(), z.unknown()) });

/** Reserved for the audit log's signed checkpoints. */
export const checkpointSigned = z.object({ tree_size: z.number().int(), root: z.string(), note: z.string() });
