// `npm start`: installs and builds what is missing, then becomes `holdfast up`.
// In this same process: npm and the terminal both send Ctrl-C to every process they see, and one
// more in between would pass it on a second time, which means "do not wait".
import { fileURLToPath } from 'node:url';
import { fail, prepare } from './prepare.mjs';

try {
  await prepare();
  const program = fileURLToPath(new URL('../dist/tools/holdfast.js', import.meta.url));
  process.argv = [process.argv[0], program, 'up', ...process.argv.slice(2)];
  await import(program);
} catch (error) {
  fail(error);
}
