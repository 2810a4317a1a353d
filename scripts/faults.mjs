// `npm run faults`: the fault campaign of faults/, against a current build. As root it gets a mount
// namespace of its own, so that what it mounts is gone with it, however it ends.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { buildProgram } from './build-program.mjs';
import { fail, prepare, root, spawned } from './prepare.mjs';

try {
  await prepare();
  await buildProgram('faults/main', 'faults/src/main.ts');
  const program = path.join(root, 'dist/faults/main.js');
  const [command, ...args] = [
    ...ownMounts(), process.execPath, '--enable-source-maps', program, ...process.argv.slice(2),
  ];
  // Ctrl-C reaches the campaign too, which stops what it started.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => undefined);
  process.exitCode = await spawned(command, args);
} catch (error) {
  fail(error);
}

function ownMounts() {
  const unshare = ['unshare', '--mount', '--propagation', 'private'];
  const may = process.getuid?.() === 0
    && spawnSync(unshare[0], [...unshare.slice(1), 'true']).status === 0;
  return may ? unshare : [];
}
