// What a run of a scenario comes to.

export interface Figures {
  readonly requests: number;
  readonly answered: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** In and between the times of trouble; null: none came then. */
  readonly troubleP50Ms: number | null;
  readonly troubleP99Ms: number | null;
  /**
   * What answers take beyond the pace of their provider, against the same before the trouble: the
   * trace's answers are not equally long in both. null: there was no time before.
   */
  readonly addedP50Ms: number | null;
  readonly addedP99Ms: number | null;
  /** Of first attempts while it is bad, the share that goes to it. */
  readonly badShare: number | null;
  /** The same from its detection on. */
  readonly badAfterDetection: number | null;
  /** From the beginning of trouble to the first second that hardly asks it first; null: never. */
  readonly detectS: number | null;
  /** From the end of trouble to the first second with half its share; null: not in this run. */
  readonly returnS: number | null;
  /** From the end of trouble until every request is answered; null: not in this run. */
  readonly answeredAgainS: number | null;
  readonly usd: number;
  /** Of first attempts. */
  readonly shares: Readonly<Record<string, number>>;
  readonly unanswered: Readonly<Record<string, number>>;
  /** By second since the beginning: requests begun, of them unanswered, first attempts at the bad. */
  readonly timeline: readonly (readonly [number, number, number])[];
}
