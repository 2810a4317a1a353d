// `npm run faults`: one campaign by a seed, or the mutations that show that campaigns can fail.
import path from 'node:path';
import { runCampaign } from './campaign';
import { Cleanup } from './system/cleanup';
import { type MutationEnd, runMutations } from './mutations/run-mutations';
import { type Options, readOptions, usage } from './options';
import { reportOf } from './report/report';
import { unansweredReasons } from './report/unanswered';
import { countVerdicts, verdictLines } from './report/verdict-lines';
import { machineText, writeMutations, writeReport } from './report/write-report';

/** dist/faults/main.js is this program; above it lies the repository. */
const repository = path.resolve(path.dirname(process.argv[1] ?? ''), '../..');
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Redelivery after a dead worker takes 10 s, a deferred job up to half a minute more. */
const settledWithinMs = 75_000;
const patienceMs = 60_000;
const cleanup = new Cleanup();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    say(`${signal}: taking everything down`);
    void cleanup.run().finally(() => process.exit(130));
  });
}

const options = readOptions(process.argv.slice(2));
if (options === 'help') say(usage);
else process.exitCode = await (options.mutations === null ? campaign : mutate)(options);

async function mutate(given: Options): Promise<number> {
  const { mutations, seed, perSecond, keep, release, report } = given;
  const ends = await runMutations(mutations ?? [], {
    seed, perSecond, keep, say, cleanup, repository,
  });
  if (report && mutations?.length === 0) {
    await writeMutations(repository, { measured_at: today(), seed, mutations: ends });
  }
  const count = (end: MutationEnd): number => ends.filter((one) => one.end === end).length;
  const failed = count('failed') + (release ? count('left out') + count('not built yet') : 0);
  say(`\nmutations: ${count('as expected')} as expected, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function campaign(given: Options): Promise<number> {
  const { seed, seconds, perSecond, only, keep, release, report } = given;
  const startedMs = performance.now();
  say(`faults: seed ${seed}, ${seconds} s, ${perSecond} requests/s and 20 probes/s`);
  const result = await runCampaign({
    seed, seconds, perSecond, only, keep, say, cleanup, repository, root: repository,
    natsSync: 'always', settledWithinMs, patienceMs,
    crowdShare: only.length > 0 ? 0 : 0.12,
  });
  say('');
  for (const verdict of result.verdicts) for (const line of verdictLines(verdict)) say(line);
  say('not answered:');
  for (const [reason, count] of unansweredReasons(result.evidence.requests)) {
    say(`     ${count} ${reason}`);
  }
  if (report) {
    await writeReport(repository, reportOf(result, {
      measuredAt: today(), machine: machineText(), seed, seconds,
    }));
  }
  const { passed, failed } = countVerdicts(result.verdicts, release);
  say(`\n${((performance.now() - startedMs) / 1_000).toFixed(0)} s in all`);
  if (failed > 0) say(`To see it again: npm run faults -- --seconds ${seconds} --seed ${seed}`);
  say(`faults: ${passed} checks passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}
