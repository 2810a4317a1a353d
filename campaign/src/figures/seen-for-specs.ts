// Runs as they might be seen, for the specs of figures and reports.
import { healthModes, type Scenario } from '../scenarios/scenario';
import { type FirstAttempt, type RequestNote } from './notes';

const pace = { latencyMs: [10, 10], tokens: 5_000, tokensPerS: 100 } as const;

/** North is bad from second 2 to 5. */
export const badNorth: Scenario = {
  name: 'down', what: 'north is away', trouble: {}, modes: healthModes, expect: () => [],
  providers: [
    { name: 'north', keys: ['nn01', 'nn02'], usdPerMtok: 1, pace },
    { name: 'south', keys: ['ss01'], usdPerMtok: 1, pace },
  ],
  bad: [{ provider: 'north' }],
  spans: () => [{ fromMs: 2_000, toMs: 5_000 }],
};

export function request(startedMs: number, change: Partial<RequestNote> = {}): RequestNote {
  return {
    request: `r${startedMs}`, stream: false, outputTokens: 10, startedMs, endedMs: startedMs + 110,
    answered: true, reason: '', ...change,
  };
}

/** Ten first attempts in each second, so many of them at north. */
export function attempts(northBySecond: readonly number[], key = 'nn01'): FirstAttempt[] {
  return northBySecond.flatMap((atNorth, second) => Array.from({ length: 10 }, (_, index) => ({
    request: `r${second}-${index}`, atMs: second * 1_000 + index * 100,
    ...index < atNorth ? { provider: 'north', key } : { provider: 'south', key: 'ss01' },
  })));
}
