// What one scenario is: providers, how they behave when, whom to blame, and what must come out.
import { type Figures } from '../figures/figures';

export interface ProviderPlan {
  readonly name: 'north' | 'south' | 'west';
  /** Last four characters of each key. */
  readonly keys: readonly string[];
  readonly usdPerMtok: number;
  /** How it behaves when nothing is wrong. */
  readonly pace: Pace;
  /** Nobody listens at its address. */
  readonly isAbsent?: boolean;
}

/** The part of a behaviour that every provider here names. */
export interface Pace {
  /** To the first token. */
  readonly latencyMs: readonly [number, number];
  readonly tokens: number;
  readonly tokensPerS: number;
}

/** As the simulator's scripts have it (tools/provider-sim). */
export type Behaviour = Readonly<Record<string, unknown>>;

/** `steps` and `faults` on top of a provider's pace. */
export type Trouble = Readonly<Record<string, unknown>>;

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What is bad: a provider, or one key of it. */
export interface BadTarget {
  readonly provider: ProviderPlan['name'];
  readonly key?: string;
}

export interface Mode {
  readonly name: string;
  readonly health: boolean;
  readonly strategy: 'weighted' | 'adaptive';
}

export interface Scenario {
  readonly name: string;
  /** For people: what happens. */
  readonly what: string;
  readonly providers: readonly ProviderPlan[];
  /** Empty: nothing goes wrong. */
  readonly bad: readonly BadTarget[];
  readonly trouble: Trouble;
  /** When it goes wrong, in a run of so many seconds. */
  readonly spans: (seconds: number) => readonly Span[];
  readonly modes: readonly [Mode, Mode];
  /** Seconds more than the others have, before its trouble. */
  readonly quietS?: number;
  /** Sync requests by so many callers as fast as it goes, in place of the trace. */
  readonly callers?: number;
  /** Findings, by the figures of both modes in their order. */
  readonly expect: (first: Figures, second: Figures) => readonly string[];
}

export const healthModes: readonly [Mode, Mode] = [
  { name: 'on', health: true, strategy: 'weighted' },
  { name: 'off', health: false, strategy: 'weighted' },
];

/** What a bad target is given of the first attempts when nothing is known of it. */
export function configuredShare({ providers, bad }: Scenario): number {
  return bad.reduce((sum, { provider, key }) => {
    const plan = providers.find(({ name }) => name === provider);
    return sum + (key === undefined ? 1 : 1 / (plan?.keys.length ?? 1)) / providers.length;
  }, 0);
}
