// What the benchmark is told on its command line.
import { parseArgs } from 'node:util';

export const partNames = [
  'load', 'streams', 'half-rate', 'limits', 'decisions', 'growth', 'in-flight', 'profile',
] as const;
export type PartName = (typeof partNames)[number];

/** What a run without `--parts` measures; the others take long, or disturb. */
const defaultParts: readonly PartName[] = ['load', 'streams', 'half-rate', 'limits', 'decisions'];

export const systemNames = [
  'simulator', 'holdfast', 'holdfast-bounded', 'holdfast-nofsync', 'raw', 'raw-nofsync', 'portkey',
] as const;
const defaultSystems = ['simulator', 'holdfast', 'holdfast-nofsync', 'raw', 'portkey'];

/** Another gateway that somebody else runs. */
export interface Peer {
  readonly name: string;
  readonly url: string;
  /** `{upstream}` in a value stands for the simulator's base URL (with /v1). */
  readonly headers: Readonly<Record<string, string>>;
}

export interface Options {
  readonly command: 'run' | 'report' | 'help';
  readonly parts: readonly PartName[];
  readonly systems: readonly string[];
  readonly peers: readonly Peer[];
  readonly rounds: number;
  readonly seconds: number;
  /** Load on each system before its first measurement. */
  readonly warmUpS: number;
  readonly connections: readonly number[];
  readonly delaysMs: readonly number[];
  /** Events in the log for which growth is measured. */
  readonly growthEvents: readonly number[];
  /** 0: any free port. */
  readonly simPort: number;
  readonly json: boolean;
  readonly save: boolean;
  readonly resume: boolean;
}

export const helpText = `npm run bench -- [options]
  --rounds N           rounds over all systems, every other one backwards (3)
  --seconds N          length of each measurement (5)
  --warm-up N          load on each system before its first measurement, s (30)
  --connections A,B    connections at once (1,16,64,256)
  --delays A,B         delay of the simulated provider, ms (0,50)
  --systems A,B        ${defaultSystems.join(',')}; also
                       holdfast-bounded, raw-nofsync
  --peer NAME=URL,HEADER:VALUE,…   another gateway, as often as you like; {upstream} in a value
                       is the simulator's base URL; it is asked for the model bench-200
  --sim-port N         port of the simulator, for peers configured by hand (any free one)
  --quick              one round of 3 s, warm-up of 10 s: a few minutes
  --parts A,B          of ${partNames.join(', ')}
                       (${defaultParts.join(',')})
  --growth [full|A,B]  throughput and start with 0 and 1 million events in the log; full: with
                       10 million too; or with as many as you say
  --in-flight          memory with 10,000 and 100,000 jobs in flight and waiting
  --profile            CPU profiles at full rate: flame graphs and the dearest functions
                       (each of the three alone measures only that; add --parts for more)
  --resume             carry on with a run that was stopped
  --json               print the results as JSON
  --no-save            leave bench/results/latest.json alone
  --report             only write docs/performance.md from bench/results/latest.json`;

/** Wrong arguments: a message for the user, not a stack trace. */
export class OptionsError extends Error {}

/** @throws OptionsError */
export function parseOptions(args: readonly string[]): Options {
  const given = parse(args);
  const peers = (given.peer ?? []).map(parsePeer);
  const quick = given.quick === true;
  return {
    command: given.help === true ? 'help' : given.report === true ? 'report' : 'run',
    parts: chosenParts(given),
    systems: [...chosenSystems(given.systems), ...peers.map(({ name }) => name)],
    peers,
    rounds: count('rounds', given.rounds ?? (quick ? '1' : '3')),
    seconds: count('seconds', given.seconds ?? (quick ? '3' : '5')),
    warmUpS: count('warm-up', given['warm-up'] ?? (quick ? '10' : '30')),
    connections: counts('connections', given.connections ?? '1,16,64,256'),
    delaysMs: (given.delays ?? '0,50').split(',').map((text) => whole('delays', text)),
    growthEvents: growthEvents(given.growth ?? 'million'),
    simPort: whole('sim-port', given['sim-port'] ?? '0'),
    json: given.json === true,
    save: given['no-save'] !== true,
    resume: given.resume === true,
  };
}

type Given = ReturnType<typeof parse>;

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: withGrowthValue(args),
      options: {
        rounds: { type: 'string' }, seconds: { type: 'string' }, 'warm-up': { type: 'string' },
        connections: { type: 'string' },
        delays: { type: 'string' }, systems: { type: 'string' }, parts: { type: 'string' },
        peer: { type: 'string', multiple: true }, 'sim-port': { type: 'string' },
        growth: { type: 'string' }, quick: { type: 'boolean' }, 'in-flight': { type: 'boolean' },
        profile: { type: 'boolean' }, resume: { type: 'boolean' }, json: { type: 'boolean' },
        'no-save': { type: 'boolean' }, report: { type: 'boolean' }, help: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new OptionsError(error instanceof Error ? error.message : String(error));
  }
}

/** `--growth` may stand alone, which parseArgs does not know of options with a value. */
function withGrowthValue(args: readonly string[]): string[] {
  return args.flatMap((arg, index) => {
    const next = args[index + 1];
    return arg === '--growth' && (next === undefined || next.startsWith('-'))
      ? ['--growth', 'million'] : [arg];
  });
}

function chosenParts(given: Given): PartName[] {
  const extra: PartName[] = [
    ...(given.growth === undefined ? [] : ['growth' as const]),
    ...(given['in-flight'] === true ? ['in-flight' as const] : []),
    ...(given.profile === true ? ['profile' as const] : []),
  ];
  const named = given.parts?.split(',') ?? (extra.length > 0 ? [] : defaultParts);
  const wanted = new Set<string>([...named, ...extra]);
  for (const name of wanted) known('part', name, partNames);
  return partNames.filter((name) => wanted.has(name));
}

function growthEvents(text: string): number[] {
  if (text === 'million') return [0, 1_000_000];
  if (text === 'full') return [0, 1_000_000, 10_000_000];
  return text.split(',').map((each) => whole('growth', each));
}

function chosenSystems(text: string | undefined): string[] {
  const names = text?.split(',') ?? defaultSystems;
  for (const name of names) known('system', name, systemNames);
  return names;
}

function known(kind: string, name: string, names: readonly string[]): void {
  if (names.includes(name)) return;
  throw new OptionsError(`there is no ${kind} ${name}; there are ${names.join(', ')}`);
}

/** name=url,header:value,header:value */
function parsePeer(text: string): Peer {
  const [first = '', ...pairs] = text.split(',');
  const [, name, url] = /^([\w-]+)=(https?:\/\/.+)$/.exec(first) ?? [];
  if (name === undefined || url === undefined) {
    throw new OptionsError(`--peer takes NAME=URL,HEADER:VALUE, not ${text}`);
  }
  if ((systemNames as readonly string[]).includes(name)) {
    throw new OptionsError(`--peer ${name}: that is the name of a system of ours`);
  }
  const headers = pairs.map((pair): [string, string] => {
    const colon = pair.indexOf(':');
    if (colon < 1) throw new OptionsError(`--peer ${name}: a header is NAME:VALUE, not ${pair}`);
    return [pair.slice(0, colon).trim().toLowerCase(), pair.slice(colon + 1).trim()];
  });
  return { name, url: url.replace(/\/+$/, ''), headers: Object.fromEntries(headers) };
}

function counts(name: string, text: string): number[] {
  return text.split(',').map((each) => count(name, each));
}

function count(name: string, text: string): number {
  const value = whole(name, text);
  if (value < 1) throw new OptionsError(`--${name} must be 1 or more`);
  return value;
}

function whole(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new OptionsError(`--${name} takes whole numbers, not ${text}`);
  return Number(text);
}
