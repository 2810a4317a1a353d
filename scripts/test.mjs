// `npm test`: every gate, one after the other; stops at the first that fails.
// Ends with one line, `N passed, N failed`. Arguments name the stages to run (all when none).
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Failure, buildAll, fail, prepare, run } from './prepare.mjs';

const reports = mkdtempSync(path.join(tmpdir(), 'holdfast-test-'));
process.on('exit', () => rmSync(reports, { recursive: true, force: true }));
// Ctrl-C reaches every process of this terminal; the stage ends by itself and stops the run.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
const totals = { passed: 0, failed: 0 };
const stages = {
  lint: () => run('node_modules/eslint/bin/eslint.js', ['.']),
  types: () => run('node_modules/typescript/bin/tsc', ['--noEmit']),
  rules: () => run('node_modules/dependency-cruiser/bin/dependency-cruise.mjs',
    ['--config', 'dependency-cruiser.mjs', 'libs', 'services', 'tools', 'faults']),
  build: () => buildAll().then(() => 0),
  unit: () => jest('unit'),
  // Each file starts servers of its own; more at once than this, and they slow each other down.
  integration: () => jest('integration', '--maxWorkers=2'),
  // Each file runs the whole product; the machine is theirs in turn.
  e2e: () => jest('e2e', '--runInBand'),
};

try {
  await prepare({ build: false });
  process.exitCode = await runAll(chosen(process.argv.slice(2)));
} catch (error) {
  fail(error);
}

async function runAll(names) {
  let failed = null;
  for (const name of names) {
    process.stdout.write(`\n== ${name}\n`);
    const startedMs = performance.now();
    const code = await stages[name]();
    const tookS = ((performance.now() - startedMs) / 1000).toFixed(1);
    process.stdout.write(`== ${name}: ${code === 0 ? 'ok' : 'failed'} (${tookS} s)\n`);
    if (code === 0) continue;
    failed = name;
    break;
  }
  if (failed !== null) process.stdout.write(`\nStopped at ${failed}.\n`);
  process.stdout.write(`${totals.passed} passed, ${totals.failed} failed\n`);
  return failed === null ? 0 : 1;
}

function chosen(wanted) {
  const unknown = wanted.find((name) => !(name in stages));
  if (unknown !== undefined) {
    throw new Failure(`There is no stage ${unknown}; there are ${Object.keys(stages).join(', ')}.`);
  }
  return wanted.length === 0 ? Object.keys(stages) : Object.keys(stages).filter((name) => wanted.includes(name));
}

async function jest(project, ...args) {
  const report = path.join(reports, `${project}.json`);
  const code = await run('node_modules/jest/bin/jest.js', [
    '--selectProjects', project, '--ci', '--passWithNoTests', '--json', `--outputFile=${report}`,
    '--cacheDirectory=node_modules/.cache/jest', ...args,
  ], { nodeArgs: ['--experimental-vm-modules', '--no-warnings'], stdio: ['ignore', 'ignore', 'inherit'] });
  count(report, project);
  return code;
}

/** A file that could not even be loaded counts as one failed test. */
function count(report, project) {
  try {
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(readFileSync(report, 'utf8'));
    totals.passed += numPassedTests;
    totals.failed += numFailedTests + numRuntimeErrorTestSuites;
  } catch {
    process.stderr.write(`${project}: jest left no report\n`);
    totals.failed += 1;
  }
}
