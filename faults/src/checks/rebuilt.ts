// Check 7: projections made again from nothing equal the live ones.
import { type Evidence } from '../evidence/evidence';
import { verdict, type Verdict } from './verdict';

export function checkRebuilt({ rebuilt }: Pick<Evidence, 'rebuilt'>): Verdict {
  const { readModels, views } = rebuilt;
  const findings = [
    ...views.missing.map((job) => `the router does not show ${job}`),
    ...views.differing.map((job) => (
      `the router shows ${job} otherwise after it folded the log anew`)),
  ];
  if (readModels.exitCode !== 0) {
    const code = readModels.exitCode ?? 'no code';
    findings.push(`holdfast replay --rebuild ended with ${code}: ${readModels.output.trim()}`);
  }
  return verdict(7, 'projections made again from nothing equal the live ones', {
    'read models': readModels.exitCode === 0 ? 'identical' : 'different',
    'jobs compared at the router': views.asked,
  }, findings);
}
