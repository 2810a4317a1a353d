// Tells when the configuration file changed, appeared or went away. Polled: editors replace files,
// and mounted folders send no events.
import { unwatchFile, watchFile } from 'node:fs';

const pollMs = 500;

/** Returns the function that ends the watch. Changes while one is handled are handled after it. */
export function watchConfig(file: string, onChange: () => Promise<void>): () => void {
  let running = Promise.resolve();
  const listener = (now: { mtimeMs: number; size: number }, before: typeof now): void => {
    if (now.mtimeMs === before.mtimeMs && now.size === before.size) return;
    running = running.then(onChange);
  };
  watchFile(file, { interval: pollMs }, listener);
  return () => unwatchFile(file, listener);
}
