// One call of the walk and what it came to, with its record for the log.
import { type AttemptRecord } from '@libs/events/attempts';
import { type Candidate } from '@libs/events/job-events';
import { type UpstreamFailed, type UpstreamOutcome } from '../providers/outcome';
import { type AttemptStart, attemptRecord } from '../shared/attempt-record';
import { type StopReason } from './walk-end';
import { type WalkPorts } from './walk-ports';

export interface EndedCall<O extends UpstreamOutcome = UpstreamOutcome> {
  readonly candidate: Candidate;
  readonly outcome: O;
  readonly attempt: AttemptRecord;
  /** Why the job is not to go on after it. */
  readonly why: StopReason | null;
  /** Its failure is written down already. */
  readonly isTold: boolean;
}

export type FailedCall = EndedCall<UpstreamFailed>;

/** What a call had not brought when another one answered; `nothing`: it was not late itself. */
export type Beaten = 'first_token' | 'answer' | 'nothing';

/** `beaten`: another call answers, this one was ended for it. */
export function endedCall(
  start: AttemptStart, outcome: UpstreamOutcome, ports: WalkPorts, beaten: Beaten | null = null,
): EndedCall {
  const why = outcome.kind === 'succeeded' ? null : ports.stopReason();
  const record = attemptRecord(start, outcome, ports.now(), beaten !== null || why !== null);
  const isLate = beaten !== null && beaten !== 'nothing';
  const attempt = isLate ? { ...record, late: beaten } : record;
  return { candidate: start.candidate, outcome, attempt, why, isTold: false };
}

export function isFailed(call: EndedCall): call is FailedCall {
  return call.outcome.kind === 'failed';
}
