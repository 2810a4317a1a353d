// Budgets that are not what they were: set anew, or their temporary raise has ended. What was spent may
// be past their thresholds, and no booking says so.
import { partitionOf } from '@libs/events/subjects';
import type { GovernanceState, Limits } from '@libs/governance/state';
import { boundsOfOne } from '../ledger/bounds';

interface Look {
  readonly accounts: string[];
  /** When the next raise ends, if nothing changes. */
  readonly nextMs: number;
}

/** What was known at the look before. */
interface LookBefore {
  readonly limits: GovernanceState['limits'];
  readonly atMs: number;
}

export function changedBudgets(
  { governance, nowMs, partitionCount }: {
    readonly governance: Pick<GovernanceState, 'limits'>; readonly nowMs: number;
    readonly partitionCount: number;
  },
  { partition, before }: { readonly partition: number; readonly before: LookBefore },
): Look {
  const look: Look & { nextMs: number } = { accounts: [], nextMs: Infinity };
  for (const [name, limits] of governance.limits) {
    const isNew = before.limits.get(name) !== limits;
    if ((!isNew && !isRaised(limits)) || partitionOf(limits.tenant, partitionCount) !== partition) continue;
    for (const { kind, account, raises } of boundsOfOne(limits)) {
      if (kind !== 'budget') continue;
      if (isNew) look.accounts.push(account);
      for (const { untilMs } of raises) {
        if (untilMs > nowMs) look.nextMs = Math.min(look.nextMs, untilMs);
        else if (untilMs > before.atMs) look.accounts.push(account);
      }
    }
  }
  return look;
}

function isRaised({ raises, budgets }: Limits): boolean {
  return raises.length > 0 || budgets.some((budget) => budget.raise !== undefined);
}
