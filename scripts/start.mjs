// `npm start`: installs and builds what is missing, then becomes `holdfast up`.
// In this same process: npm and the terminal both send Ctrl-C to every process they see, and one
// more in between would pass it on a second time, which means "do not wait".
import { fail, prepare } from './prepare.mjs';

try {
  await prepare();
  process.argv = [process.argv[0], 'holdfast', 'up', ...process.argv.slice(2)];
  await import('../dist/tools/holdfast.js');
} catch (error) {
  fail(error);
}
