// The overlay of the ledger: what the owner has decided and not folded yet, by account. So decisions
// of one look, and of looks while an append is under way, never spend the same money twice.
import type { ReservedAmounts } from '@libs/events/limits';
import type { JobFacts } from '@libs/jobs/state';
import type { Bound } from './bounds';
import { callsOf, partsOf, type PlannedPart, type Routed } from './parts';

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

/** As it goes into the log, for the accounts that a decision looked at; empty: nothing is reserved. */
export function reservedText(
  reserved: ReadonlyMap<string, bigint>, bounds: readonly Bound[],
): string[] {
  if (reserved.size === 0 || !bounds.some(({ account }) => reserved.has(account))) return [];
  return bounds.map(({ account }) => String(reserved.get(account) ?? 0n));
}

/** `bounds`: of the decision, at its place in the log. */
export function reservedFromText(amounts: ReservedAmounts, bounds: readonly Bound[]): Reserved {
  const named = Array.isArray(amounts) ? bounds.flatMap(({ account }, at): [string, string][] => {
    const amount = amounts[at];
    return amount === undefined ? [] : [[account, amount]];
  }) : Object.entries(amounts);
  return new Map(named.map(([account, amount]) => [account, BigInt(amount)]));
}
