// A deliberate defect, planted into a copy of the built product, and the check that must catch it.
import { type FaultKind } from '../plan/kinds';

export type ServiceName = 'ingress' | 'router' | 'workers' | 'audit';

export interface Patch {
  readonly services: readonly ServiceName[];
  /** Matches once in each of their bundles, or the mutation is out of date: an error. */
  readonly find: RegExp;
  readonly replace: string;
}

export interface Mutation {
  readonly name: string;
  /** What is wrong, in one sentence. */
  readonly defect: string;
  readonly patches: readonly Patch[];
  /** The log's server without a sync per message. */
  readonly natsSync?: 'default';
  /** Faults that bring the defect to light. */
  readonly faults: readonly FaultKind[];
  /** Number of the check that must fail; null: none may, for what this is a control. */
  readonly caughtBy: number | null;
}
