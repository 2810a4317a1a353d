// What a campaign is told on the command line.
import { parseArgs } from 'node:util';
import { type FaultKind, faultKinds } from './plan/kinds';

export interface Options {
  readonly seconds: number;
  readonly seed: number;
  readonly perSecond: number;
  readonly only: readonly FaultKind[];
  /** A defect whose faults cannot be done here counts as failed. */
  readonly release: boolean;
  readonly report: boolean;
  readonly keep: boolean;
  /** Null: no mutations; empty: all of them. */
  readonly mutations: readonly string[] | null;
}

export const usage = `npm run faults -- [options]
  --seconds N          length of the torment (120)
  --seed N             what happens when, and which requests come (7)
  --per-second N       requests of the mixed load (25)
  --only A,B           these faults alone: ${faultKinds.join(', ')}
  --mutations [names]  instead: plant each deliberate defect and see that a check catches it
  --release            with --mutations: a defect that could not be tried here fails
  --report             write faults/results/seed-N.json (or mutations.json), and into
                       docs/reliability.md what all files there come to
  --keep               keep the data directory, for a look at it
`;

/** @throws Error that says what is wrong. */
export function readOptions(args: readonly string[]): Options | 'help' {
  const { values, positionals } = parseArgs({
    args: [...args], allowPositionals: true,
    options: {
      seconds: { type: 'string', default: '120' },
      seed: { type: 'string', default: '7' },
      'per-second': { type: 'string', default: '25' },
      only: { type: 'string', default: '' },
      mutations: { type: 'boolean', default: false },
      release: { type: 'boolean', default: false },
      report: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  if (positionals.length > 0 && !values.mutations) {
    throw new Error(`what is ${positionals.join(' ')}?`);
  }
  return {
    seconds: whole('seconds', values.seconds),
    seed: whole('seed', values.seed),
    perSecond: whole('per-second', values['per-second']),
    only: kindsOf(values.only),
    release: values.release, report: values.report, keep: values.keep,
    mutations: values.mutations ? positionals : null,
  };
}

function whole(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`--${name} takes a whole number above 0, not "${text}"`);
}

function kindsOf(text: string): FaultKind[] {
  const names = text.split(',').map((name) => name.trim()).filter((name) => name !== '');
  return names.map((name) => {
    const kind = faultKinds.find((one) => one === name);
    if (kind !== undefined) return kind;
    throw new Error(`there is no fault "${name}"; there are ${faultKinds.join(', ')}`);
  });
}
