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

/** The tree of the event lines of all commits up to `sequence`, signed (docs/audit.md). */
export const checkpointSigned = z.object({
  tree_size: z.number().int(),
  /** Hexadecimal. */
  root: z.string(),
  /** The signed note as it is. */
  note: z.string(),
  sequence: z.number().int().optional(),
  origin: z.string().optional(),
  key_id: z.string().optional(),
  algorithm: z.literal('ed25519').optional(),
});
