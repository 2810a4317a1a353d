// Builds one program that is not part of the product: a campaign, needed only where it is run.
import { entry } from '../rspack.config.mjs';
import { Failure } from './prepare.mjs';

/** `name` below dist/, from the file that it starts with. */
export async function buildProgram(name, file) {
  // Not before `prepare`: a fresh clone has no bundler.
  const { rspack } = await import('@rspack/core');
  const stats = await new Promise((resolve, reject) => {
    rspack(entry(name, file), (error, result) => (error === null ? resolve(result) : reject(error)));
  });
  if (stats.hasErrors()) throw new Failure(stats.toString({ all: false, errors: true }));
}
