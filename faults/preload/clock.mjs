// Loaded into a service before its own code: shifts what it takes for the time of day by as many
// milliseconds as the file beside its data says. The machine's clock and timers stay as they are,
// as after a jump of the system clock.
import { readFileSync } from 'node:fs';
import path from 'node:path';

const [, part, dataDir] = /^holdfast-(\w+):(.*)$/.exec(process.title) ?? [];
const pollMs = 100;

if (part !== undefined) {
  const RealDate = Date;
  let shiftMs = 0;
  const now = () => RealDate.now() + shiftMs;
  globalThis.Date = class extends RealDate {
    constructor(...args) {
      if (args.length === 0) super(now());
      else super(...args);
    }

    static now() {
      return now();
    }
  };
  const file = path.join(dataDir, 'clocks', part);
  setInterval(() => {
    try {
      shiftMs = Number(readFileSync(file, 'utf8')) || 0;
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
      shiftMs = 0;
    }
  }, pollMs).unref();
}
