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

export function countVerdicts(
  verdicts: readonly Verdict[],
): { readonly passed: number; readonly failed: number } {
  const count = (wanted: Verdict['state']): number => (
    verdicts.filter(({ state }) => state === wanted).length);
  return { passed: count('passed'), failed: count('failed') };
}
