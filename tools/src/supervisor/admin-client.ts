// Sends a configuration to the ingress and tells what changed.
import { z } from 'zod';
import { type DesiredConfig } from '@libs/governance/desired-config';
import { Failure } from '../shared/failure';

const answer = z.object({
  changes: z.array(z.object({ action: z.string(), entity: z.string(), id: z.string() })),
  conflicts: z.array(z.object({ entity: z.string(), id: z.string(), message: z.string() }))
    .default([]),
  sequence: z.number().nullable().optional(),
});
export type ApplyResult = z.infer<typeof answer>;

export interface AdminAccess {
  readonly url: string;
  readonly token: string;
}

/** @throws Failure with what the ingress answered. */
export async function applyConfig(
  { url, token }: AdminAccess, desired: DesiredConfig, options: { dryRun?: boolean } = {},
): Promise<ApplyResult> {
  const query = options.dryRun === true ? '?dry_run=true' : '';
  const response = await fetch(`${url}/admin/v1/config${query}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(desired),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  if (!response.ok) throw new Failure(`The configuration was not applied (${response.status}): ${text}`);
  return answer.parse(JSON.parse(text));
}

/** One line per change and per entity that the file and the API both claim. */
export function describeChanges({ changes, conflicts }: ApplyResult): string[] {
  return [
    ...changes.map(({ action, entity, id }) => `${past(action)} ${entity} ${id}`),
    ...conflicts.map(({ message }) => `left as it is: ${message}`),
  ];
}

function past(action: string): string {
  return action.endsWith('e') ? `${action}d` : `${action}ed`;
}
