// What the owner of a partition remembers between two looks for alerts, so that a look at which
// nothing is due costs a few comparisons. Not part of the state.

export interface AlertLooks {
  /** The governance's sequence at the last look at keys. */
  governance: number;
  /** When the next key comes to one of the times before its end. */
  nextKeyMs: number;
  /** When the last look at raises of budgets was, and when the next one ends. */
  raisesLookedMs: number;
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
    governance: -1, nextKeyMs: -Infinity, raisesLookedMs: -Infinity, nextRaiseEndMs: -Infinity,
    notices: -1, nextUnknownMs: -Infinity, unknownNoted: 0,
  };
}
