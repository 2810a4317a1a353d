// Sends a configuration to the ingress and learns what changes by it.
import { z } from 'zod';
import { type DesiredConfig } from '@libs/governance/desired-config';
import { Failure } from '../shared/failure';

const answer = z.object({
  changes: z.array(z.object({
    action: z.string(), entity: z.string(), id: z.string(),
    fields: z.array(z.object({ field: z.string(), before: z.unknown(), after: z.unknown() }))
      .default([]),
  })),
  conflicts: z.array(z.object({ entity: z.string(), id: z.string(), message: z.string() }))
    .default([]),
  /** Keys in use that it would take something from; null: it cannot be told. */
  cuts: z.array(z.object({ key: z.string(), last_used_at: z.number(), why: z.string() }))
    .nullable().optional(),
  sequence: z.number().nullable().optional(),
});
export type ApplyResult = z.infer<typeof answer>;

export interface AdminAccess {
  readonly url: string;
  readonly token: string;
}

export interface ApplyOptions {
  readonly dryRun?: boolean;
  /** Also when it takes something from keys in use. */
  readonly force?: boolean;
  /** Only if nothing was changed since this sequence. */
  readonly ifSequence?: number;
}

/** Keys in use would lose something, or it cannot be told whether they would; nothing was applied. */
export class KeysInUse extends Failure {}
/** Somebody changed something since the sequence that was named; nothing was applied. */
export class ChangedMeanwhile extends Failure {}

/** @throws Failure with what the ingress answered. */
export async function applyConfig(
  { url, token }: AdminAccess, desired: DesiredConfig, options: ApplyOptions = {},
): Promise<ApplyResult> {
  const { dryRun = false, force = false, ifSequence } = options;
  const query = dryRun ? '?dry_run=true' : force ? '?force=true' : '';
  const response = await fetch(`${url}/admin/v1/config${query}`, {
    method: 'PUT',
    headers: {
      authorization: `Bearer ${token}`, 'content-type': 'application/json',
      ...(ifSequence === undefined ? {} : { 'if-match': `"${ifSequence}"` }),
    },
    body: JSON.stringify(desired),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  if (response.ok) return answer.parse(JSON.parse(text));
  const { code, message } = errorOf(text);
  if (code === 'keys_in_use' || code === 'router_unavailable') throw new KeysInUse(message);
  if (code === 'changed_meanwhile') throw new ChangedMeanwhile(message);
  throw new Failure(`The configuration was not applied (${response.status}): ${message}`);
}

const refused = z.object({ error: z.object({ code: z.string().nullable(), message: z.string() }) });

/** What it says itself; what is no answer of ours is shown as it is. */
function errorOf(text: string): { readonly code: string | null; readonly message: string } {
  try {
    return refused.parse(JSON.parse(text)).error;
  } catch {
    return { code: null, message: text };
  }
}
