// Runs a short campaign against each planted defect and sees whether the right check catches it.
import { type CampaignOptions, runCampaign } from '../campaign';
import { type Verdict } from '../checks/verdict';
import { type MutationReport } from '../report/report';
import { mutations } from './table';
import { type Mutation } from './mutation';
import { plant } from './plant';

type Shared = Pick<
  CampaignOptions, 'seed' | 'repository' | 'say' | 'cleanup' | 'keep' | 'perSecond'
>;

export type MutationEnd = 'as expected' | 'failed' | 'left out';

/** A few faults one after the other; none of the defects needs more. */
const secondsEach = 20;
/** A redelivery comes after 10 s; what has no outcome then has been lost. */
const settledWithinMs = 25_000;
const patienceMs = 8_000;

/** How each ended. `names`: all when empty. @throws Error for a name that is none. */
export async function runMutations(
  names: readonly string[], shared: Shared,
): Promise<MutationReport['mutations']> {
  const ends: MutationReport['mutations'][number][] = [];
  for (const mutation of chosen(names)) {
    shared.say(`\n== ${mutation.name}: ${mutation.defect}`);
    const { end, text } = await runOne(mutation, shared).catch(brokenOff);
    shared.say(`== ${mutation.name}: ${text}`);
    ends.push({ name: mutation.name, defect: mutation.defect, end, text });
  }
  return ends;
}

interface Judged {
  readonly end: MutationEnd;
  readonly text: string;
}

async function runOne(mutation: Mutation, shared: Shared): Promise<Judged> {
  const planted = await plant(shared.repository, mutation);
  shared.cleanup.add(() => planted.remove());
  const { verdicts, evidence } = await runCampaign({
    ...shared, root: planted.root, seconds: secondsEach, only: mutation.faults, crowdShare: 0,
    natsSync: mutation.natsSync ?? 'always', settledWithinMs, patienceMs,
  });
  return judge(mutation, verdicts, evidence.faults.length);
}

/** Not a catch, whatever the defect: nothing was weighed. */
function brokenOff(error: unknown): Judged {
  const { message, cause } = error as Error;
  const because = cause instanceof Error ? `: ${cause.message}` : '';
  return { end: 'failed', text: `BROKE OFF: ${message}${because}` };
}

/** Whether the named check failed; for a control, that none did. */
export function judge(
  { caughtBy, faults }: Pick<Mutation, 'caughtBy' | 'faults'>,
  verdicts: readonly Verdict[], faultsDone: number,
): Judged {
  if (faultsDone === 0) {
    return { end: 'left out', text: `left out: ${faults.join(' and ')} cannot be done here` };
  }
  const failed = verdicts.filter(({ state }) => state === 'failed');
  const numbers = failed.map(({ number }) => number).join(', ');
  if (caughtBy === null) {
    return failed.length === 0 ? { end: 'as expected', text: 'passes, as it should' }
      : { end: 'failed', text: `CHECKS ${numbers} FAILED, though nothing is wrong` };
  }
  const catcher = failed.find(({ number }) => number === caughtBy);
  if (catcher === undefined) {
    const others = failed.length === 0 ? '' : ` (${numbers} failed instead)`;
    return { end: 'failed', text: `ESCAPED check ${caughtBy}${others}` };
  }
  const [first = ''] = catcher.findings;
  return {
    end: 'as expected',
    text: `caught by check ${caughtBy} with ${catcher.findings.length} findings, first: ${first}`,
  };
}

function chosen(names: readonly string[]): readonly Mutation[] {
  const unknown = names.find((name) => !mutations.some((one) => one.name === name));
  if (unknown !== undefined) {
    const known = mutations.map(({ name }) => name).join(', ');
    throw new Error(`there is no mutation "${unknown}"; there are ${known}`);
  }
  return names.length === 0 ? mutations : mutations.filter(({ name }) => names.includes(name));
}
