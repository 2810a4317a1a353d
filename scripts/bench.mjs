// `npm run bench`: the benchmark of bench/, against a current build. Its own programs are built here
// and not with the product: nothing but the benchmark needs them.
import { Failure, fail, prepare, run } from './prepare.mjs';

try {
  await prepare();
  await buildBench();
  process.exitCode = await run('dist/bench/main.js', process.argv.slice(2), {
    nodeArgs: ['--enable-source-maps'],
  });
} catch (error) {
  fail(error);
}

async function buildBench() {
  const { rspack } = await import('@rspack/core');
  const { default: config } = await import('../bench/rspack.config.mjs');
  const stats = await new Promise((resolve, reject) => {
    rspack(config, (error, done) => (error ? reject(error) : resolve(done)));
  });
  if (stats.hasErrors()) throw new Failure(stats.toString({ colors: false, all: false, errors: true }));
}
