// `npm run limits`: what happens at each limit, measured (test/limits, docs/limits.md). Arguments
// name the pieces to run, e.g. `npm run limits -- overload disk`. As root it gets a mount namespace
// of its own, so that the small disk of one piece is gone with it, however it ends.
import { spawnSync } from 'node:child_process';
import { fail, prepare, spawned } from './prepare.mjs';

const jest = [
  '--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js',
  '--selectProjects', 'limits', '--runInBand',
];

try {
  await prepare();
  const pieces = process.argv.slice(2);
  const chosen = pieces.length === 0 ? [] : ['--testPathPatterns', ...pieces];
  const [command, ...args] = [...ownMounts(), process.execPath, ...jest, ...chosen];
  // Ctrl-C reaches the test runner too, which stops what it started.
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
