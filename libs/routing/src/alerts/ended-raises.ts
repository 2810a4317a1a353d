// Budgets whose temporary raise has ended: their thresholds are of the limit before again, which what
// was spent meanwhile may be past; no booking says so.
import { partitionOf } from '@libs/events/subjects';
import type { GovernanceState } from '@libs/governance/state';
import { boundsOfOne } from '../ledger/bounds';

interface Look {
  /** Of budgets whose raise ended since the last look. */
  readonly accounts: string[];
  /** When the next one ends, if nothing changes. */
  readonly nextMs: number;
}

export function endedRaises(
  { governance, nowMs, partitionCount }: {
    readonly governance: Pick<GovernanceState, 'limits'>; readonly nowMs: number;
    readonly partitionCount: number;
  },
  { partition, lookedMs }: { readonly partition: number; readonly lookedMs: number },
): Look {
  const look: Look & { nextMs: number } = { accounts: [], nextMs: Infinity };
  for (const limits of governance.limits.values()) {
    const isRaised = limits.raises.length > 0 || limits.budgets.some((budget) => budget.raise !== undefined);
    if (!isRaised || partitionOf(limits.tenant, partitionCount) !== partition) continue;
    for (const { account, raises } of boundsOfOne(limits)) {
      for (const { untilMs } of raises) {
        if (untilMs > nowMs) look.nextMs = Math.min(look.nextMs, untilMs);
        else if (untilMs > lookedMs) look.accounts.push(account);
      }
    }
  }
  return look;
}
