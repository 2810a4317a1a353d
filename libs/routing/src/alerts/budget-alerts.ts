// Thresholds of budgets: looked at when more was spent of one, or when it refused a request.
import type { GovernanceState } from '@libs/governance/state';
import { type Bound, boundsOfOne, limitAt } from '../ledger/bounds';
import { type Ledger, sumOf } from '../ledger/ledger';
import { firstSlot, slotAt, slotEndsMs } from '../ledger/windows';
import type { Due } from './due';

/**
 * What counts is what is spent, not what is held: most of that comes back. A budget that refuses is
 * hardly ever spent to the last digit: it is used up with the first request that does not fit in.
 */
export function budgetAlerts(
  ledger: Ledger, account: string,
  { governance: { limits }, nowMs }: {
    readonly governance: Pick<GovernanceState, 'limits'>; readonly nowMs: number;
  },
): Due[] {
  const of = limits.get(account.slice(0, account.indexOf(' ')));
  if (of === undefined) return [];
  const { spent, held } = sumOf(ledger, account, nowMs);
  const refusedAtMs = ledger.accounts.get(account)?.refusedAtMs ?? -Infinity;
  return boundsOfOne(of).filter((bound) => bound.account === account).flatMap((bound) => {
    // While a budget is raised, more of it is to be spent before anybody is told.
    const limit = limitAt(bound, nowMs);
    const isRefused = !bound.soft && refusedAtMs >= firstSlot(bound, nowMs);
    return bound.alertAt.flatMap((percent) => {
      const isSpent = spent * 100n >= limit * BigInt(percent);
      if (!isSpent && !(isRefused && percent === 100)) return [];
      return [dueOf(bound, percent, { limit, spent, held, nowMs, isSpent, tenant: of.tenant })];
    });
  });
}

interface Met {
  readonly limit: bigint;
  readonly spent: bigint;
  readonly held: bigint;
  readonly nowMs: number;
  readonly isSpent: boolean;
  readonly tenant: string;
}

function dueOf(
  bound: Bound, percent: number, { limit, spent, held, nowMs, isSpent, tenant }: Met,
): Due {
  const { level, id, account, window, calendar, models, providers, soft } = bound;
  const since = window === 'total' ? 'total' : new Date(firstSlot(bound, nowMs)).toISOString();
  return {
    id: ['budget_threshold', account, limit, since, percent].join('/'),
    tenant,
    data: {
      alert: 'budget_threshold', level, id, account,
      budget: { window, calendar, models: [...models], providers: [...providers], soft },
      percent, spent: String(spent), held: String(held), limit: String(limit),
      window_ends_at_ms: calendar ? slotEndsMs(bound, slotAt(bound, nowMs)) : null,
      ...(isSpent ? {} : { refused: true as const }),
    },
  };
}
