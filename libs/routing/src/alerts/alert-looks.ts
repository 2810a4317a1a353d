// What the owner of a partition remembers between two looks for alerts, so that a look at which
// nothing is due costs a few comparisons. Not part of the state.
import type { GovernanceState } from '@libs/governance/state';

export interface AlertLooks {
  /** The governance's sequence at the last look at keys. */
  governance: number;
  /** When the next key comes to one of the times before its end. */
  nextKeyMs: number;
  /** The limits at the last look at what changed of them, and when that was. */
  budgets: { readonly limits: GovernanceState['limits']; readonly atMs: number };
  /** When the next raise of a budget ends. */
  nextRaiseEndMs: number;
  /** The load's notices at the last look at providers. */
  notices: number;
  /** When unknown ends are to be looked at; earlier there is none to tell. */
  nextUnknownMs: number;
  /** How many were noted by then. */
  unknownNoted: number;
}

/** Everything is looked at once. */
export function newAlertLooks(): AlertLooks {
  return {
    governance: -1, nextKeyMs: -Infinity, budgets: { limits: new Map(), atMs: -Infinity }, nextRaiseEndMs: -Infinity,
    notices: -1, nextUnknownMs: -Infinity, unknownNoted: 0,
  };
}
