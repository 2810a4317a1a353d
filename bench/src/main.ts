// `npm run bench`: measures Holdfast beside others, prints tables and verdicts, keeps the results.
import { estimateS } from './estimate';
import { helpText, type Options, OptionsError, parseOptions } from './options';
import { loadRows } from './parts/load-rows';
import { durationText } from './progress';
import { targetsOf } from './report/evaluate';
import { terminalText } from './report/terminal';
import { writeReport } from './report/write-report';
import { type Results, resultsText } from './results';
import { runParts } from './run';
import { readLatest } from './saved-results';
import { setStage, type Stage } from './systems/start-systems';

try {
  await main(parseOptions(process.argv.slice(2)));
} catch (error) {
  const isPlain = error instanceof OptionsError;
  process.stderr.write(`${isPlain ? error.message : (error as Error).stack ?? String(error)}\n`);
  process.exitCode = 1;
}

async function main(options: Options): Promise<void> {
  if (options.command === 'help') {
    console.log(helpText);
    return;
  }
  if (options.command === 'report') {
    await report();
    return;
  }
  const say = (text: string): void => { process.stderr.write(`${text}\n`); };
  say(`Measuring ${options.parts.join(', ')}: about ${durationText(estimateS(options))}. `
    + 'Leave the machine alone meanwhile; Ctrl-C stops, --resume carries on.');
  const stage = await setStage(options, say);
  stopWhenAsked(stage, say);
  try {
    const results = await runParts(stage);
    console.log(options.json ? jsonText(results) : terminalText(results, options.parts));
  } catch (error) {
    // Stopped from outside, whatever was under way fails.
    if (!stage.isStopping()) throw error;
  } finally {
    await stage.stop();
  }
}

/** With what follows from the samples: rows (medians over rounds) and verdicts. */
function jsonText(results: Results): string {
  const { load } = results.parts;
  const rows = load === undefined ? [] : loadRows(load);
  return resultsText({ ...results, rows, targets: targetsOf(results) });
}

async function report(): Promise<void> {
  const results = await readLatest();
  if (results === null) throw new OptionsError('there is no bench/results/latest.json yet');
  console.log(`wrote ${await writeReport(results)}`);
}

/** Everything it started is stopped; samples were kept one by one. */
function stopWhenAsked(stage: Stage, say: (text: string) => void): void {
  const stop = (): void => {
    say('stopping …');
    void stage.stop().finally(() => process.exit(130));
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}
