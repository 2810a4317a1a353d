// The policy for calls whose price is not known, where it holds for every request: none of them is
// made. Where only budgets refuse them, the ledger does (ledger/within-limits.ts).
import type { Candidate, RoutingReason } from '@libs/events/job-events';
import type { GovernanceState } from '@libs/governance/state';

/** How the log says it, whatever follows; the fold takes it for a price that is missed. */
export const unpriced = 'its price is not known';

export interface Priced<E> {
  readonly entries: readonly E[];
  /** Of those left out. */
  readonly reasons: RoutingReason[];
  readonly mayCall: (candidate: Candidate) => boolean;
}

export function onlyPriced<E extends { readonly candidate: Candidate }>(
  entries: readonly E[], { unknownPrice }: Pick<GovernanceState, 'unknownPrice'>,
): Priced<E> {
  if (unknownPrice !== 'refuse') return { entries, reasons: [], mayCall: () => true };
  const mayCall = ({ price }: Candidate): boolean => price !== null;
  return {
    entries: entries.filter(({ candidate }) => mayCall(candidate)),
    reasons: entries.filter(({ candidate }) => !mayCall(candidate)).map(({ candidate }) => {
      const { provider, key, model } = candidate;
      const reason = `${unpriced}, and calls without a price are refused`;
      return { provider, key, model, verdict: 'passed_over', reason };
    }),
    mayCall,
  };
}
