// What a provider would bill: one record per call received, kept as a ring, with exact totals.
import { type BilledUsage, nothingBilled } from './tokens';

/**
 * running: not over yet · served: the whole answer was written and flushed · cut: it ended early,
 * by us or by the client · hung: we fell silent · error: an error status · refused: no answer.
 */
export type Outcome = 'running' | 'served' | 'cut' | 'hung' | 'error' | 'refused';

export interface LedgerRecord {
  provider: string;
  /** Order of arrival over all providers. */
  sequence: number;
  timeMs: number;
  /** Last four characters of the credential. */
  key: string;
  /** The header `x-client-request-id`. */
  attempt: string;
  /** The end user that the request names: `user`, or `metadata.user_id`. */
  user: string;
  endpoint: string;
  model: string;
  stream: boolean;
  /** 0 until headers were sent, and when none ever were. */
  status: number;
  outcome: Outcome;
  fault: string;
  /** Output tokens that left so far. */
  tokensSent: number;
  usage: BilledUsage;
  durationMs: number;
}

export interface Totals {
  calls: number;
  outcomes: Record<Outcome, number>;
  /** Sum over `served`: what the provider bills for certain. */
  billed: BilledUsage;
  /** Sum over `cut` and `hung`: what it may bill. */
  uncertain: BilledUsage;
}

export interface Ledger {
  open: (start: CallStart) => LedgerRecord;
  close: (record: LedgerRecord, outcome: Exclude<Outcome, 'running'>) => void;
  list: (filter: LedgerFilter) => LedgerRecord[];
  /** By `provider` and by `provider/key`. */
  totals: () => ReadonlyMap<string, Totals>;
  clear: () => void;
}

export type CallStart = Pick<
  LedgerRecord,
  'provider' | 'timeMs' | 'key' | 'attempt' | 'user' | 'endpoint' | 'model' | 'stream'
>;

export interface LedgerFilter {
  provider?: string | undefined;
  /** Only records with a higher sequence. */
  since?: number | undefined;
  outcome?: string | undefined;
}

export interface LedgerOptions {
  recordsMax: number;
  now: () => number;
  /** Called once per record, when its outcome is known. */
  onClose?: ((record: LedgerRecord) => void) | undefined;
}

export function newLedger({ recordsMax, now, onClose }: LedgerOptions): Ledger {
  let ring: (LedgerRecord | undefined)[] = [];
  let sums = new Map<string, Totals>();
  let sequence = 0;
  let clearedUpTo = 0;

  return {
    open(start) {
      sequence += 1;
      const record: LedgerRecord = {
        provider: start.provider, sequence, timeMs: start.timeMs, key: start.key,
        attempt: start.attempt, user: start.user, endpoint: start.endpoint,
        model: start.model, stream: start.stream, status: 0, outcome: 'running', fault: '', tokensSent: 0,
        usage: nothingBilled, durationMs: 0,
      };
      ring[sequence % recordsMax] = record;
      for (const totals of totalsOf(sums, record)) {
        totals.calls += 1;
        totals.outcomes.running += 1;
      }
      return record;
    },
    close(record, outcome) {
      record.outcome = outcome;
      record.durationMs = now() - record.timeMs;
      if (record.sequence <= clearedUpTo) return;
      for (const totals of totalsOf(sums, record)) count(totals, record);
      onClose?.(record);
    },
    list(filter) {
      const found: LedgerRecord[] = [];
      const first = Math.max(clearedUpTo, sequence - recordsMax, filter.since ?? 0) + 1;
      for (let at = first; at <= sequence; at++) {
        const record = ring[at % recordsMax];
        if (record !== undefined && passes(record, filter)) found.push(record);
      }
      return found;
    },
    totals: () => sums,
    clear() {
      ring = [];
      sums = new Map();
      clearedUpTo = sequence;
    },
  };
}

function passes(record: LedgerRecord, filter: LedgerFilter): boolean {
  return (filter.provider === undefined || record.provider === filter.provider)
    && (filter.outcome === undefined || record.outcome === filter.outcome);
}

function totalsOf(sums: Map<string, Totals>, record: LedgerRecord): [Totals, Totals] {
  return [entry(sums, record.provider), entry(sums, `${record.provider}/${record.key}`)];
}

function entry(sums: Map<string, Totals>, name: string): Totals {
  let totals = sums.get(name);
  if (totals === undefined) {
    totals = {
      calls: 0,
      outcomes: { running: 0, served: 0, cut: 0, hung: 0, error: 0, refused: 0 },
      billed: { ...nothingBilled },
      uncertain: { ...nothingBilled },
    };
    sums.set(name, totals);
  }
  return totals;
}

function count(totals: Totals, record: LedgerRecord): void {
  totals.outcomes.running -= 1;
  totals.outcomes[record.outcome] += 1;
  const sum = record.outcome === 'served' ? totals.billed : totals.uncertain;
  sum.prompt += record.usage.prompt;
  sum.completion += record.usage.completion;
  sum.cached += record.usage.cached;
  sum.cacheWrite += record.usage.cacheWrite;
  sum.reasoning += record.usage.reasoning;
}
