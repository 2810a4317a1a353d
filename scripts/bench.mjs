// `npm run bench`: the benchmark of bench/, against a current build. Its own programs are built here
// and not with the product: nothing but the benchmark needs them. In this same process, as
// scripts/start.mjs: a signal must reach what has to stop everything.
import { Failure, fail, prepare } from './prepare.mjs';

try {
  await prepare();
  await buildBench();
  process.setSourceMapsEnabled(true);
  await import('../dist/bench/main.js');
} catch (error) {
  fail(error);
}

async function buildBench() {
  const { rspack } = await import('@rspack/core');
  const { default: config } = await import('../bench/rspack.config.mjs');
  const stats = await new Promise((resolve, reject) => {
    rspack(config, (error, done) => (error ? reject(error) : resolve(done)));
  });
  const plain = { colors: false, all: false, errors: true };
  if (stats.hasErrors()) throw new Failure(stats.toString(plain));
}
