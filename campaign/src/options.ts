// What the routing campaign is told on its command line.
import { parseArgs } from 'node:util';
import { scenarios } from './scenarios/table';

export interface Options {
  readonly only: readonly string[];
  readonly seconds: number;
  readonly perSecond: number;
  readonly requests: number;
  readonly seed: number;
  readonly report: boolean;
}

/** A fault from second 5, and a dozen seconds to come back from it. */
const secondsMin = 20;

export const usage = `npm run routing-campaign -- [options]
  --only A,B        these scenarios alone:
                    ${scenarios.map(({ name }) => name).join(', ')}
  --seconds N       traffic of each scenario (32; at least ${secondsMin})
  --per-second N    requests a second (25)
  --requests N      requests of four-nines (10500)
  --seed N          which requests are streamed, and what the simulator draws (7)
  --report          write campaign/results/latest.json and the measured part of
                    docs/routing-campaign.md; with --only the other scenarios there stay
  --help            this text
`;

/** @throws Error that says what is wrong. */
export function readOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', default: '' },
      seconds: { type: 'string', default: '32' },
      'per-second': { type: 'string', default: '25' },
      requests: { type: 'string', default: '10500' },
      seed: { type: 'string', default: '7' },
      report: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  return {
    only: namesOf(values.only),
    seconds: whole('seconds', values.seconds, secondsMin),
    perSecond: whole('per-second', values['per-second'], 1),
    requests: whole('requests', values.requests, 1),
    seed: whole('seed', values.seed, 0),
    report: values.report,
  };
}

function whole(name: string, text: string, least: number): number {
  if (/^\d+$/.test(text) && Number(text) >= least) return Number(text);
  throw new Error(`--${name} takes a whole number from ${least}, not "${text}"`);
}

function namesOf(text: string): string[] {
  const names = text.split(',').map((name) => name.trim()).filter((name) => name !== '');
  for (const name of names) {
    if (scenarios.some((one) => one.name === name)) continue;
    throw new Error(`there is no scenario "${name}"; there are `
      + scenarios.map((one) => one.name).join(', '));
  }
  return names;
}
