// One HTTP reply and its ledger record: every way to end a call goes through here exactly once.
import { type ServerResponse } from 'node:http';
import { type Ledger, type LedgerRecord, type Outcome } from './ledger';

export interface Reply {
  res: ServerResponse;
  record: LedgerRecord;
  /** True once the client is gone or the call has its outcome. */
  over: () => boolean;
  /** The outcome that counts if everything written also leaves. */
  endsAs: (outcome: Exclude<Outcome, 'running'>) => void;
  /** The outcome, now. */
  close: (outcome: Exclude<Outcome, 'running'>) => void;
}

/** A client that leaves before the end makes the call `cut`. */
export function openReply(res: ServerResponse, record: LedgerRecord, ledger: Ledger): Reply {
  let planned: Exclude<Outcome, 'running'> = 'served';
  const close = (outcome: Exclude<Outcome, 'running'>): void => {
    if (record.outcome !== 'running') return;
    if (outcome === 'cut') chargeWhatWasSent(record);
    ledger.close(record, outcome);
  };
  res.once('close', () => {
    close(res.writableFinished ? planned : 'cut');
  });
  return {
    res,
    record,
    over: () => record.outcome !== 'running' || res.destroyed,
    endsAs(outcome) {
      planned = outcome;
    },
    close,
  };
}

/** A real provider generates a little ahead; what left is the least that it can bill. */
export function chargeWhatWasSent(record: LedgerRecord): void {
  const completion = Math.min(record.tokensSent, record.usage.completion);
  const reasoning = Math.min(record.usage.reasoning, completion);
  record.usage = { ...record.usage, completion, reasoning };
}
