// The scenarios. What must come out is named only where it is certain on any machine.
import { atLeast, detected, noSlower, returned, together } from './expectations';
import {
  type BadTarget, type Behaviour, healthModes, type Pace, type ProviderPlan, type Scenario, type Span,
  type Trouble,
} from './scenario';

/** Of a small model near by; the length is what the request asks for. */
const steady: Pace = { latencyMs: [30, 60], tokens: 5_000, tokensPerS: 200 };
const tenTimesSlower = { latencyMs: [300, 600], tokensPerS: 20 };

const north: ProviderPlan = { name: 'north', keys: ['nn01'], usdPerMtok: 1, pace: steady };
const south: ProviderPlan = { name: 'south', keys: ['ss01'], usdPerMtok: 1, pace: steady };
const two = [north, south];
const badNorth: readonly BadTarget[] = [{ provider: 'north' }];

const troubleFromMs = 5_000;
const waveMs = 3_000;

/** From second 5 to twelve seconds before the end. */
const once = (seconds: number): readonly Span[] => [
  { fromMs: troubleFromMs, toMs: (seconds - 12) * 1_000 },
];
/** As `once`, after a history. */
const quietS = 25;
const later = (seconds: number): readonly Span[] => [
  { fromMs: quietS * 1_000 + troubleFromMs, toMs: (seconds - 12) * 1_000 },
];
const waves = (seconds: number): readonly Span[] => {
  const spans: Span[] = [];
  for (let fromMs = troubleFromMs; fromMs + waveMs <= (seconds - 12) * 1_000; fromMs += 2 * waveMs) {
    spans.push({ fromMs, toMs: fromMs + waveMs });
  }
  return spans;
};
const fromTheStart = (seconds: number): readonly Span[] => [{ fromMs: 0, toMs: seconds * 1_000 }];

const always = (behaviour: Behaviour): Trouble => ({ steps: [{ times: 'forever', ...behaviour }] });

/** A provider that says 503 at once, as the balancer of one that is down does. */
const down = always({ fault: 'unavailable' });

export const scenarios: readonly Scenario[] = [
  {
    name: 'down', what: 'one of two providers answers 503 for 15 s',
    providers: two, bad: badNorth, trouble: down, spans: once, modes: healthModes,
    expect: together(atLeast(0.999), detected(3, 0.05), returned()),
  },
  {
    name: 'flapping', what: 'one of two providers resets connections, 3 s down and 3 s up',
    providers: two, bad: badNorth, trouble: always({ fault: 'refuse' }), spans: waves,
    modes: healthModes, expect: atLeast(0.99),
  },
  {
    name: 'slow', what: 'one of two providers takes ten times as long for 15 s',
    providers: two, bad: badNorth, trouble: { defaults: tenTimesSlower }, spans: once,
    modes: healthModes, expect: atLeast(0.999),
  },
  {
    name: 'slow-known', what: 'the same after half a minute in which its usual pace was learned',
    providers: two, bad: badNorth, trouble: { defaults: tenTimesSlower }, spans: later, quietS,
    modes: healthModes, expect: atLeast(0.999),
  },
  {
    name: '429-told', what: 'waves of 429 with Retry-After, 3 s on and 3 s off',
    providers: two, bad: badNorth, trouble: always({ fault: 'rate_limited', retryAfterS: 3 }),
    spans: waves, modes: healthModes, expect: together(atLeast(0.999), detected(2, 0.05)),
  },
  {
    name: '429-untold', what: 'waves of 429 that do not say until when, 3 s on and 3 s off',
    providers: two, bad: badNorth, trouble: always({ fault: 'rate_limited', retryAfterS: 'none' }),
    spans: waves, modes: healthModes, expect: atLeast(0.999),
  },
  {
    name: 'bad-key', what: 'one key of three of one provider is refused with 401 from second 5 on',
    providers: [{ ...north, keys: ['nn01', 'nn02', 'nn03'] }, south],
    bad: [{ provider: 'north', key: 'nn02' }],
    trouble: always({ fault: 'unauthorized', match: { keyLast4: 'nn02' } }),
    spans: (seconds) => [{ fromMs: troubleFromMs, toMs: seconds * 1_000 }],
    modes: healthModes, expect: together(atLeast(0.999), detected(2, 0.02)),
  },
  {
    name: 'brown-out', what: 'one of two providers answers every fifth request with 500 for 15 s',
    providers: two, bad: badNorth, trouble: { faults: { server_error: 0.2 } }, spans: once,
    modes: healthModes, expect: atLeast(0.999),
  },
  {
    name: 'resets', what: 'one of two providers breaks off every answer after three tokens for 15 s',
    providers: two, bad: badNorth, trouble: always({ fault: 'reset', afterTokens: 3 }),
    spans: once, modes: healthModes,
    expect: together(detected(4, 0.05), (on, off) => (on.answered > off.answered ? []
      : [`${on.answered} were answered with health on and ${off.answered} without`])),
  },
  {
    name: 'all-down', what: 'both providers answer 503 for 15 s, then both are back',
    providers: two, bad: [{ provider: 'north' }, { provider: 'south' }], trouble: down,
    spans: once, modes: healthModes,
    expect: ({ answeredAgainS }) => (answeredAgainS !== null && answeredAgainS <= 5 ? []
      : [`all are answered again ${answeredAgainS ?? 'never'} s after both are back, not within 5 s`]),
  },
  {
    name: 'cold-start', what: 'nothing is known, and one of two providers answers 503 from the first request on',
    providers: two, bad: badNorth, trouble: down, spans: fromTheStart, modes: healthModes,
    expect: together(atLeast(0.999), detected(3, 0.05)),
  },
  {
    name: 'speed-and-price',
    what: 'three healthy providers: fast for 3 USD per million tokens, three times slower for 1, as slow for 3',
    providers: [
      { ...north, usdPerMtok: 3 },
      { ...south, pace: { ...steady, latencyMs: [90, 180], tokensPerS: 67 } },
      {
        name: 'west', keys: ['ww01'], usdPerMtok: 3,
        pace: { ...steady, latencyMs: [90, 180], tokensPerS: 67 },
      },
    ],
    bad: [], trouble: {}, spans: () => [],
    modes: [
      { name: 'adaptive', health: true, strategy: 'adaptive' },
      { name: 'weighted', health: true, strategy: 'weighted' },
    ],
    expect: together(atLeast(0.999), noSlower),
  },
  {
    name: 'four-nines', what: 'nobody listens at one of two providers, all the time; sync requests as fast as they go',
    providers: [{ ...north, isAbsent: true }, { ...south, pace: { ...steady, latencyMs: [5, 5], tokensPerS: 0 } }],
    bad: badNorth, trouble: {}, spans: () => [{ fromMs: 0, toMs: Infinity }],
    modes: healthModes, callers: 16, expect: together(atLeast(0.9999), detected(3, 0.05)),
  },
];
