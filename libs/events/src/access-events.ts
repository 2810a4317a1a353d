// Facts about access: refused requests, acts of administrators, reads of content, checkpoints.
import { z } from 'zod';

export const adminRole = z.enum(['owner', 'operator', 'auditor']);
export type AdminRole = z.infer<typeof adminRole>;

/** How an administrator was known: the root token, a named one, a login (its token or session). */
const actedVia = z.enum(['root_token', 'token', 'oidc', 'session']);

/** Who acts, as the log keeps it. */
const who = {
  /** `admin` with the root token, the id of an administrator, or `oidc:<subject>`. */
  actor: z.string(),
  role: adminRole.optional(),
  via: actedVia.optional(),
  /** Network address. */
  source: z.string().optional(),
  email: z.string().optional(),
  issuer: z.string().optional(),
};

/** One per key or source and reason per 10 s, with a count. */
export const requestDenied = z.object({
  source: z.string(),
  key: z.string().nullable(),
  reason: z.string(),
  count: z.number().int(),
  /** The administrator whose role did not reach. */
  administrator: z.string().optional(),
});

/** In the same commit as what it changed. */
export const adminActed = z.object({
  ...who,
  act: z.string(),
  about: z.string(),
  detail: z.record(z.string(), z.unknown()),
  /** What it is about as it was and as it is; null: it was not there, it is no more. */
  before: z.unknown().optional(),
  after: z.unknown().optional(),
});

/** Appended before an administrator is given prompts or answers. */
export const contentRead = z.object({
  ...who,
  /** The way it was asked for. */
  path: z.string(),
  /** Whose content; null: that of many, as `filter` says. */
  job: z.string().nullable(),
  parts: z.array(z.enum(['request', 'answer'])),
  /** The commit it is read from, where one was named. */
  sequence: z.number().int().optional(),
  filter: z.record(z.string(), z.unknown()).optional(),
  /** Why, as they said. */
  reason: z.string().nullable(),
});

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
