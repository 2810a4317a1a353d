// The routing campaign: every scenario with health rules on and off, one after the other, against
// one `holdfast up`, and what came out.
import path from 'node:path';
import { endedCleanly } from '../../faults/src/ending';
import { machineText } from '../../faults/src/report/write-report';
import { Cleanup } from '../../faults/src/system/cleanup';
import { runCampaign } from './campaign';
import { type Options, readOptions, usage } from './options';
import { commitOf, writeReport } from './report/write-report';
import { scenarios } from './scenarios/table';

/** dist/campaign/main.js is this program; above it lies the repository. */
const repository = path.resolve(path.dirname(process.argv[1] ?? ''), '../..');
const say = (line: string): void => void process.stdout.write(`${line}\n`);
/** Of one run, beside its traffic: patience of the last callers, configuration, a slow machine. */
const aroundMsMax = 5 * 60_000;
const cleanup = new Cleanup();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    say(`${signal}: taking everything down`);
    void cleanup.run().finally(() => process.exit(130));
  });
}

const options = givenOptions();
if (options === 'help') say(usage);
else process.exit(options === null ? 1 : await campaign(options));

/** null: something is wrong with them, and it was said what. */
function givenOptions(): Options | 'help' | null {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return null;
  }
}

async function campaign(given: Options): Promise<number> {
  const { only, seconds, report } = given;
  const chosen = scenarios.filter(({ name }) => only.length === 0 || only.includes(name));
  const commit = await commitOf(repository);
  const results = await endedCleanly({
    say, cleanup, withinMs: chosen.length * 2 * (seconds * 1_000 + aroundMsMax),
    work: () => runCampaign({ ...given, scenarios: chosen, repository, say, cleanup }),
  });
  if (results === null) return 1;
  if (report) {
    await writeReport(repository, results.map((one) => ({
      measured_at: new Date().toISOString().slice(0, 10), commit, machine: machineText(), ...one,
    })));
  }
  const findings = results.flatMap(({ name, findings: found }) => (
    found.map((finding) => `${name}: ${finding}`)));
  for (const finding of findings) say(`not as expected: ${finding}`);
  say(`routing campaign: ${results.length - failed(results)} scenarios as expected, `
    + `${failed(results)} not`);
  return findings.length === 0 ? 0 : 1;
}

function failed(results: readonly { readonly findings: readonly string[] }[]): number {
  return results.filter(({ findings }) => findings.length > 0).length;
}
