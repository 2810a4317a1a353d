// Up to where the log may be trimmed (architecture: "Room"). Pure.

export interface TrimFacts {
  /** Everything up to here is archived. */
  readonly archivedSequence: number;
  /** Routers start from here; null while there is no snapshot: nothing may go. */
  readonly snapshotSequence: number | null;
  /** First event of the oldest job without an outcome; null when all are settled. */
  readonly oldestUnsettledSequence: number | null;
  /** First commit younger than the retention; null when even the last one is older. */
  readonly firstKeptSequence: number | null;
}

/** The last sequence that may go; 0 for none. */
export function trimUpTo(facts: TrimFacts): number {
  if (facts.snapshotSequence === null) return 0;
  const bounds = [
    facts.archivedSequence,
    facts.snapshotSequence,
    ...(facts.oldestUnsettledSequence === null ? [] : [facts.oldestUnsettledSequence - 1]),
    ...(facts.firstKeptSequence === null ? [] : [facts.firstKeptSequence - 1]),
  ];
  return Math.max(0, Math.min(...bounds));
}
