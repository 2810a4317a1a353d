// What may be asked of the audit tree.
import { type AuditRefused } from '@libs/signals/ask-audit';

export type ProofRefused = AuditRefused;
export type ProofAnswer = Readonly<Record<string, unknown>> | ProofRefused;

export interface ProofAnswers {
  checkpoint(): Promise<ProofAnswer>;
  inclusion(sequence: number, line: number): Promise<ProofAnswer>;
  /** `to` null: the last checkpoint's tree. */
  consistency(from: number, to: number | null): Promise<ProofAnswer>;
}
