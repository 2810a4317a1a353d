// What every part of building a configuration needs.
import type { ProblemList } from './config-problem';
import type { Environment } from './environment';

export interface Building {
  readonly environment: Environment;
  readonly list: ProblemList;
  /** For people, printed at start. */
  readonly notes: string[];
  /** What is done with raises of budgets that have ended: a system that ran must start again. */
  readonly endedRaises: 'refuse' | 'leave_out';
}
