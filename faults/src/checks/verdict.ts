// What a check came to.

/** `not built yet`: in reports of earlier runs. */
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
