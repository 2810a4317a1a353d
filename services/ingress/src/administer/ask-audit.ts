// A question to the audit service, and its answer as the edge gives it.
import { isFault } from '@libs/faults/faults';
import { type AskAudit, type AuditRefused } from '@libs/signals/ask-audit';
import { signalSubjects, type Signals } from '@libs/signals/signals';
import { type HttpRefusal, refusal, retryAfterFaultS } from '../shared/refusal';

/** A proof is a few reads of Postgres. */
const answerTimeoutMs = 5_000;

const statusOf: Readonly<Record<AuditRefused['refused'], number>> = {
  not_found: 404, not_signed_yet: 404, bad_range: 400, invalid_value: 400, too_many: 429,
  in_the_future: 400, before_the_log: 404, not_archived: 410, busy: 503, fold_failed: 503,
};

export async function askAudit(
  signals: Signals, question: AskAudit,
): Promise<Record<string, unknown> | HttpRefusal> {
  let text: string;
  try {
    text = await signals.request(signalSubjects.askAudit, JSON.stringify(question), answerTimeoutMs);
  } catch (error) {
    if (!isFault(error, 'signal_timeout')) throw error;
    return unavailable();
  }
  const answer = JSON.parse(text) as Record<string, unknown> & Partial<AuditRefused>;
  // What failed there is in its log; Postgres being away is the usual reason.
  if (answer['error'] !== undefined) return unavailable();
  if (answer.refused === undefined) return answer;
  const status = statusOf[answer.refused];
  return refusal(status, answer.refused, answer.message ?? '',
    status === 503 || status === 429 ? { retryAfterS: retryAfterFaultS } : {});
}

function unavailable(): HttpRefusal {
  return refusal(503, 'archive_unavailable', 'The audit service does not answer right now.',
    { retryAfterS: retryAfterFaultS });
}
