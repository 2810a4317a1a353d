// `npm run bench`: the benchmark of bench/, against a current build.
import { fail, prepare, run } from './prepare.mjs';

try {
  await prepare();
  process.exitCode = await run('bench/src/main.mjs', process.argv.slice(2));
} catch (error) {
  fail(error);
}
