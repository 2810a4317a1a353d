import { describe, expect, test } from '@jest/globals';
import { dueProbes, type Probed } from './due-probes';
import { learnFromAttempt } from './health/learn';
import { defaultRules } from './health/rules';
import { newProviderLoad, type ProviderLoad } from './provider-load';
import { governed, providerConfigured, providerKey, startMs } from './routing-for-specs';

const probes = { every_ms: 5_000, idle_ms: 60_000, model: null };
const governance = governed(
  providerConfigured('one', { probes, keys: [providerKey('a'), providerKey('b')] }),
  providerConfigured('two'),
);

function told(
  load: ProviderLoad, errorClass: 'server_error' | 'credentials_rejected' | null,
  changes: { key?: string; model?: string; startedMs?: number } = {},
): void {
  learnFromAttempt(load, {
    attempt_id: 'att', routing: 1, provider: 'one', key: changes.key ?? 'a', model: changes.model ?? 'gpt-4o',
    started_at_ms: changes.startedMs ?? startMs, duration_ms: 10, first_token_ms: null, usage: null, cost_pico_usd: null,
    outcome: errorClass === null ? 'succeeded' : 'failed', retry_after_ms: null,
    error: errorClass === null ? null : { class: errorClass, status: 500, message: 'no' },
  }, startMs, defaultRules);
}

function due(load: ProviderLoad, probed: Probed, nowMs: number): string[] {
  return dueProbes(load, governance, probed, nowMs).map(({ provider, key, model }) => `${provider}/${key} ${model}`);
}

describe('probes', () => {
  test('are due of a target that nobody used for a while, each interval once, and not where they are off', () => {
    const load = newProviderLoad();
    const probed: Probed = new Map();
    expect(due(load, probed, startMs)).toEqual(['one/a gpt-4o']);
    expect(due(load, probed, startMs + 4_000)).toEqual([]);
    told(load, null);
    expect(due(load, probed, startMs + 6_000)).toEqual([]);
    expect(due(load, probed, startMs + 61_000)).toEqual(['one/a gpt-4o']);
  });

  test('are due of any model that is open', () => {
    const load = newProviderLoad();
    for (let count = 0; count < 5; count += 1) told(load, 'server_error', { model: 'gpt-4o-mini' });
    told(load, null);
    expect(due(load, new Map(), startMs + 1_000)).toEqual(['one/a gpt-4o-mini']);
  });

  test('try a key that is out, and its success brings it in again', () => {
    const load = newProviderLoad();
    told(load, 'credentials_rejected', { key: 'b' });
    told(load, null);
    expect(due(load, new Map(), startMs + 1_000)).toEqual(['one/b gpt-4o']);
    told(load, null, { key: 'b', startedMs: startMs + 1_000 });
    expect(load.keys.get('one/b')!.closed).toBeNull();
    expect(due(load, new Map(), startMs + 2_000)).toEqual([]);
  });
});
