// `npm run routing-campaign`: what health-aware routing adds (campaign/), against a current build.
import path from 'node:path';
import { buildProgram } from './build-program.mjs';
import { fail, prepare, root, spawned } from './prepare.mjs';

try {
  await prepare();
  await buildProgram('campaign/main', 'campaign/src/main.ts');
  const program = path.join(root, 'dist/campaign/main.js');
  // Ctrl-C reaches the campaign too, which stops what it started.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => undefined);
  process.exitCode = await spawned(process.execPath, [
    '--enable-source-maps', program, ...process.argv.slice(2),
  ]);
} catch (error) {
  fail(error);
}
