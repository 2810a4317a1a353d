// The closed list of faults: how long each holds, and for how long sync callers may be without
// service because of it. The limits are promises of the product; the rest is stage direction.

/** Faults of one track come one after the other; the tracks run side by side. */
export type Track = 'process' | 'provider' | 'receiver';
type Range = readonly [number, number];

export interface FaultRule {
  readonly track: Track;
  readonly holdMs: Range;
  /** Longest time in which no sync caller of some tenant is answered. */
  readonly withoutServiceMsMax: number;
  /** core: comes first. usual: afterwards. long: only in long runs. */
  readonly rank: 'core' | 'usual' | 'long';
  /** Needs a file system of its own for the log. */
  readonly needsDisk: boolean;
}

const momentMs: Range = [500, 1_500];
const breathMs: Range = [2_000, 4_000];
const whileMs: Range = [4_000, 8_000];
const pauseMs: Range = [4_000, 12_000];

/**
 * Started again by the supervisor: 0.2 s and more, its reconnects, a router's lease (10 s at worst),
 * and its own start, which took 7 s where others kept all cores busy (seed 1: 12.5 s in all).
 */
const restart: Rule = { holdMs: momentMs, withoutServiceMsMax: 20_000, rank: 'core' };
/** Stands still, and then has to find its way back: its lease, its reconnects. */
const pause: Rule = { holdMs: pauseMs, withoutServiceMsMax: 30_000, rank: 'usual' };
/** Nothing that sync callers depend on; room for a busy machine. */
const aside: Rule = { holdMs: whileMs, withoutServiceMsMax: 5_000, rank: 'usual' };
type Rule = Pick<FaultRule, 'holdMs' | 'withoutServiceMsMax' | 'rank'>;

function rule(track: Track, given: Rule, changes: Partial<FaultRule> = {}): FaultRule {
  return { track, needsDisk: false, ...given, ...changes };
}

export const faultRules = {
  'kill ingress': rule('process', restart),
  'kill router': rule('process', restart),
  'kill workers': rule('process', restart),
  'kill audit': rule('process', aside, { holdMs: momentMs, rank: 'core' }),
  'kill nats': rule('process', restart),
  'restart nats': rule('process', restart, { rank: 'usual' }),
  'stop postgres': rule('process', aside, { holdMs: momentMs, rank: 'core' }),
  'kill postgres': rule('process', aside, { holdMs: momentMs, rank: 'core' }),
  'pause postgres': rule('process', aside),
  'pause ingress': rule('process', pause),
  'pause router': rule('process', pause),
  'pause workers': rule('process', pause, { rank: 'core' }),
  'pause audit': rule('process', aside),
  'pause nats': rule('process', pause, { holdMs: [3_000, 8_000] }),
  'duplicate deliveries': rule('process', aside, { holdMs: breathMs, rank: 'core' }),
  'poison messages': rule('process', aside, { holdMs: momentMs, rank: 'core' }),
  'clock jump ingress': rule('process', aside),
  'clock jump router': rule('process', aside),
  'clock jump workers': rule('process', aside),
  'clock jump audit': rule('process', aside),
  // New work is refused while it lasts: that is the promise.
  'log nearly full': rule('process', pause, { holdMs: [6_000, 8_000] }),
  'power loss': rule('process', restart, { needsDisk: true }),
  // The server may need the supervisor's restart (45 s of failed health checks) to write again.
  'disk full': rule('process', aside, {
    withoutServiceMsMax: 90_000, rank: 'long', needsDisk: true,
  }),
  'provider refuses': rule('provider', aside),
  'provider hangs': rule('provider', aside),
  'provider stalls': rule('provider', aside),
  'provider resets': rule('provider', aside, { rank: 'core' }),
  'provider drips': rule('provider', aside),
  'provider limits': rule('provider', aside),
  'provider fails': rule('provider', aside, { rank: 'core' }),
  'provider talks garbage': rule('provider', aside),
  'provider away': rule('provider', aside, { holdMs: [20_000, 40_000], rank: 'long' }),
  'receiver down': rule('receiver', aside, { holdMs: breathMs, rank: 'core' }),
  'receiver slow': rule('receiver', aside),
  'receiver fails': rule('receiver', aside, { holdMs: breathMs }),
  'receiver gone': rule('receiver', aside, { holdMs: momentMs, rank: 'core' }),
} as const satisfies Readonly<Record<string, FaultRule>>;

export type FaultKind = keyof typeof faultRules;

export const faultKinds = Object.keys(faultRules) as readonly FaultKind[];

export function ruleOf(kind: FaultKind): FaultRule {
  return faultRules[kind];
}
