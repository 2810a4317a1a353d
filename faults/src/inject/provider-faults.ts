// Faults of one provider at a time; the other one is well, so callers of `chat` can be served.
import { setTimeout as sleep } from 'node:timers/promises';
import { type ProviderName, type Script, type Simulator } from '../system/simulator';
import { type Injection } from './process-faults';

function misbehaves(how: string, script: Script): Injection {
  return during(how, (simulator, provider) => simulator.setScript(provider, script));
}

function refuses(how: string, of?: ProviderName): Injection {
  return during(how, (simulator, provider) => simulator.shut(provider), of);
}

type Begin = (simulator: Simulator, provider: ProviderName) => Promise<void>;

function during(how: string, begin: Begin, of?: ProviderName): Injection {
  return async ({ simulator }, { holdMs, draw }) => {
    const provider = of ?? (draw < 0.5 ? 'alpha' : 'beta');
    await begin(simulator, provider);
    try {
      await sleep(holdMs);
    } finally {
      await simulator.heal(provider);
    }
    return `${provider} ${how} for ${(holdMs / 1_000).toFixed(1)} s`;
  };
}

export const providerRefuses = refuses('refuses connections');
export const providerHangs = misbehaves('never answers half of the calls', {
  faults: { hang: 0.5 },
});
export const providerStalls = misbehaves('falls silent in half of its answers', {
  faults: { stall: 0.5 },
});
export const providerResets = misbehaves('resets in mid-answer', { faults: { reset: 0.6 } });
export const providerDrips = misbehaves('answers in torn pieces', { faults: { drip: 1 } });
export const providerLimits = misbehaves('answers 429 with Retry-After', {
  defaults: { retryAfterS: 2 }, faults: { rate_limited: 0.8 },
});
export const providerFails = misbehaves('answers 500, 503 and 529', {
  faults: { server_error: 0.3, unavailable: 0.3, overloaded: 0.2 },
});
export const providerGarbage = misbehaves('talks garbage', {
  faults: { garbage: 0.3, truncated: 0.2, error_event: 0.2, content_type: 0.1 },
});
/** The only provider of `solo`: what is asked of it waits, deferred. */
export const providerAway = refuses('is away', 'alpha');
