// `npm run build`: installs what is missing and builds every process into dist/.
import { buildAll, fail, prepare } from './prepare.mjs';

try {
  await prepare({ build: false });
  await buildAll();
} catch (error) {
  fail(error);
}
