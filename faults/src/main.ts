// `npm run faults`: one campaign by a seed, or the mutations that show that campaigns can fail.
import path from 'node:path';
import { type CampaignResult, runCampaign } from './campaign';
import { endedCleanly } from './ending';
import { type MutationEnd, runMutations } from './mutations/run-mutations';
import { type Options, readOptions, usage } from './options';
import { reportOf } from './report/report';
import { storyLines } from './report/story-lines';
import { unansweredReasons } from './report/unanswered';
import { countVerdicts, verdictLines } from './report/verdict-lines';
import { commitOf, machineText, writeMutations, writeReport } from './report/write-report';
import { Cleanup } from './system/cleanup';

/** dist/faults/main.js is this program; above it lies the repository. */
const repository = path.resolve(path.dirname(process.argv[1] ?? ''), '../..');
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Redelivery after a dead worker takes 10 s, a deferred job up to half a minute more. */
const settledWithinMs = 75_000;
const patienceMs = 60_000;
/** Start, last callers, calm, rebuilding, reading: two or three minutes on a slow machine. */
const aroundMsMax = 8 * 60_000;
const mutationsMsMax = 45 * 60_000;
const cleanup = new Cleanup();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    say(`${signal}: taking everything down`);
    void cleanup.run().finally(() => process.exit(130));
  });
}

const options = readOptions(process.argv.slice(2));
if (options === 'help') say(usage);
else process.exit(await (options.mutations === null ? campaign : mutate)(options));

async function mutate(given: Options): Promise<number> {
  const { mutations, seed, perSecond, keep, release, report } = given;
  const names = mutations ?? [];
  const ends = await endedCleanly({
    say, cleanup, withinMs: mutationsMsMax,
    work: () => runMutations(names, { seed, perSecond, keep, say, cleanup, repository }),
  });
  if (report && ends !== null) {
    await writeMutations(repository, { measured_at: today(), seed, mutations: ends });
  }
  const count = (end: MutationEnd): number => ends?.filter((one) => one.end === end).length ?? 0;
  const broken = ends === null ? 1 : 0;
  const failed = broken + count('failed')
    + (release ? count('left out') : 0);
  say(`\nmutations: ${count('as expected')} as expected, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function campaign(given: Options): Promise<number> {
  const { seed, seconds, perSecond, only, keep, report } = given;
  const startedMs = performance.now();
  const commit = await commitOf(repository);
  say(`faults: seed ${seed}, ${seconds} s, ${perSecond} requests/s and 20 probes/s`);
  const result = await endedCleanly({
    say, cleanup, withinMs: seconds * 1_000 + aroundMsMax,
    work: () => runCampaign({
      seed, seconds, perSecond, only, keep, say, cleanup, repository, root: repository,
      natsSync: 'always', settledWithinMs, patienceMs,
      crowdShare: only.length > 0 ? 0 : 0.12,
    }),
  });
  if (result !== null) tell(result);
  if (result !== null && report) {
    await writeReport(repository, reportOf(result, {
      measuredAt: today(), commit, machine: machineText(), seed, seconds,
    }));
  }
  // A campaign that broke off has weighed nothing.
  const { passed, failed } = result === null ? { passed: 0, failed: 1 }
    : countVerdicts(result.verdicts);
  say(`\n${((performance.now() - startedMs) / 1_000).toFixed(0)} s in all`);
  if (failed > 0) say(`To see it again: npm run faults -- --seconds ${seconds} --seed ${seed}`);
  say(`faults: ${passed} checks passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

function tell({ verdicts, evidence }: CampaignResult): void {
  say('');
  for (const verdict of verdicts) for (const line of verdictLines(verdict)) say(line);
  for (const line of storyLines(verdicts, evidence.stories)) say(line);
  say('not answered:');
  for (const [reason, count] of unansweredReasons(evidence.requests)) say(`     ${count} ${reason}`);
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}
