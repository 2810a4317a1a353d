// What a check came to.

export type VerdictState = 'passed' | 'failed' | 'not built yet';

export interface Verdict {
  /** As numbered in the README of this folder. */
  readonly number: number;
  readonly name: string;
  readonly state: VerdictState;
  /** What was counted, in the order in which it is to be read. */
  readonly numbers: Readonly<Record<string, number | string>>;
  /** What is wrong, one sentence each; empty when it passed. */
  readonly findings: readonly string[];
}

export function verdict(
  number: number, name: string, numbers: Verdict['numbers'], findings: readonly string[],
): Verdict {
  return { number, name, numbers, findings, state: findings.length === 0 ? 'passed' : 'failed' };
}

export function notBuilt(number: number, name: string): Verdict {
  return { number, name, state: 'not built yet', numbers: {}, findings: [] };
}
