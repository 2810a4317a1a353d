// What may be asked of the past.
import { type AskState, type AuditRefused, type StatePending } from '@libs/signals/ask-audit';

export type PastAnswer = Readonly<Record<string, unknown>> | AuditRefused | StatePending;

export interface PastAnswers {
  /** @throws Fault archive_unavailable, log_unavailable */
  state(question: AskState): Promise<PastAnswer>;
}
