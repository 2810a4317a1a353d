// Verdicts as they are printed.
import { type Verdict } from '../checks/verdict';

/** More of one kind say nothing new. */
const findingsShownMax = 12;

export function verdictLines({ number, name, state, numbers, findings }: Verdict): string[] {
  const counted = Object.entries(numbers).map(([what, value]) => `${what} ${value}`).join(', ');
  const lines = [`${number}. ${name}: ${state}`];
  if (counted !== '') lines.push(`     ${counted}`);
  for (const finding of findings.slice(0, findingsShownMax)) lines.push(`     - ${finding}`);
  const more = findings.length - findingsShownMax;
  if (more > 0) lines.push(`     - and ${more} more`);
  return lines;
}

/** `release`: what is not built yet counts as failed. */
export function countVerdicts(
  verdicts: readonly Verdict[], release: boolean,
): { readonly passed: number; readonly failed: number } {
  const failed = verdicts.filter(({ state }) => (
    state === 'failed' || (release && state === 'not built yet'))).length;
  return { passed: verdicts.filter(({ state }) => state === 'passed').length, failed };
}
