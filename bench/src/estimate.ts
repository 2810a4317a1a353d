// How long a run will take, so that nobody wonders.
import { type Options, type PartName } from './options';

/** Settling, waiting for the archive, reading figures: between two measurements. */
const betweenS = 2;
const startS = 40;

export function estimateS(options: Options): number {
  return startS + options.parts.reduce((sum, part) => sum + partS(part, options), 0);
}

function partS(part: PartName, options: Options): number {
  const { systems, rounds, seconds, warmUpS, connections, delaysMs, growthEvents } = options;
  switch (part) {
    case 'load':
      return systems.length * (rounds * delaysMs.length * connections.length * (seconds + betweenS)
        + warmUpS);
    case 'streams': return systems.length * (rounds === 1 ? 25 : 65);
    case 'half-rate': return 30;
    case 'limits': return 35;
    case 'decisions': return 20;
    // Filling, folding and archiving: a minute and a half per million events here.
    case 'growth':
      return growthEvents.reduce((sum, events) => sum + 90 + (events / 1_000_000) * 90, 0);
    case 'in-flight': return 120;
    case 'profile': return 75;
  }
}
