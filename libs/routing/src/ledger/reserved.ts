// The overlay of the ledger: what the owner has decided and not folded yet, by account. So decisions
// of one look, and of looks while an append is under way, never spend the same money twice.
import { callsOf, partsOf, type PlannedPart, type Routed } from './parts';
import type { Bound } from './bounds';
import type { JobFacts } from '@libs/jobs/state';

export type Reserved = Map<string, bigint>;

/** What a routing will hold once it is folded: for all its calls. */
export function plannedParts(
  bounds: readonly Bound[], job: Pick<JobFacts, 'submitted'>, routed: Routed,
): readonly PlannedPart[] {
  const parts = partsOf(bounds, job, routed);
  const calls = BigInt(callsOf(routed));
  return calls === 1n ? parts : parts.map((part) => {
    const { bound: { kind }, perCall } = part;
    const once = kind === 'requests' || kind === 'concurrent';
    return once ? part : { ...part, perCall: perCall * calls };
  });
}

export function reserve(
  reserved: Reserved, parts: readonly PlannedPart[] | undefined, by: 1n | -1n,
): void {
  for (const { bound: { account }, perCall } of parts ?? []) {
    const amount = (reserved.get(account) ?? 0n) + by * perCall;
    if (amount === 0n) reserved.delete(account);
    else reserved.set(account, amount);
  }
}

/** As it goes into the log, for the accounts that a decision looked at. */
export function reservedText(
  reserved: ReadonlyMap<string, bigint>, bounds: readonly Bound[],
): Record<string, string> {
  const text: Record<string, string> = {};
  if (reserved.size === 0) return text;
  for (const { account } of bounds) {
    const amount = reserved.get(account);
    if (amount !== undefined) text[account] = String(amount);
  }
  return text;
}

export function reservedFromText(text: Readonly<Record<string, string>>): Reserved {
  return new Map(Object.entries(text).map(([account, amount]) => [account, BigInt(amount)]));
}
