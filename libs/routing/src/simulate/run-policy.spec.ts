import { describe, expect, test } from '@jest/globals';
import type { AttemptRecord } from '@libs/events/attempts';
import { stamp } from '@libs/events/envelope';
import { evolve } from '@libs/jobs/evolve';
import type { JobState } from '@libs/jobs/state';
import { drawsOf } from '../seeded';
import { governed, providerConfigured, startMs, submitted } from '../routing-for-specs';
import { attemptLike, newPast, type ProviderPast, rememberAttempt, sortPast } from './provider-past';
import { type PolicyRun, runPolicy } from './run-policy';
import { newSchedule, next, schedule } from './schedule';

function attempt(provider: string, atMs: number, changes: Partial<AttemptRecord> = {}): AttemptRecord {
  return {
    attempt_id: `att_${provider}_${atMs}`, routing: 1, provider, key: 'main', model: 'gpt-4o', started_at_ms: atMs,
    duration_ms: 100, first_token_ms: null, outcome: 'succeeded', error: null, retry_after_ms: null, usage: null,
    cost_pico_usd: null, ...changes,
  };
}

const down = { outcome: 'failed' as const, duration_ms: 1_000, error: { class: 'server_error' as const, status: 500, message: 'no' } };

function pastOf(...attempts: AttemptRecord[]): ProviderPast {
  const past = newPast();
  for (const one of attempts) rememberAttempt(past, one);
  sortPast(past);
  return past;
}

function jobs(count: number, everyMs: number): JobState[] {
  return Array.from({ length: count }, (_, index) => {
    const event = stamp(submitted(`job_${index}`), `e${index}`, startMs + index * everyMs);
    return evolve(undefined, event, { sequence: index + 1, line: 0 })!;
  });
}

function mean(run: PolicyRun): number {
  return run.requests.reduce((sum, { latencyMs }) => sum + latencyMs, 0) / run.requests.length;
}

describe('the past of a provider', () => {
  test('is what was seen near a time, else nearest to it', () => {
    const past = pastOf(attempt('one', startMs), attempt('one', startMs + 60_000, down));
    const at = (ms: number): string => attemptLike(past, { provider: 'one', model: 'gpt-4o' }, startMs + ms, drawsOf(1))!.outcome;
    expect([at(1_000), at(20_000), at(40_000), at(99_000)]).toEqual(['succeeded', 'succeeded', 'failed', 'failed']);
    expect(attemptLike(past, { provider: 'one', model: 'other' }, startMs, drawsOf(1))!.outcome).toBe('succeeded');
    expect(attemptLike(past, { provider: 'two', model: 'gpt-4o' }, startMs, drawsOf(1))).toBeNull();
  });
});

describe('a policy run over past requests', () => {
  const ups = Array.from({ length: 100 }, (_, index) => attempt('two', startMs + index * 1_000));
  const downs = Array.from({ length: 100 }, (_, index) => attempt('one', startMs + index * 1_000, down));

  test('falls over as the router would, and health spares most of the detours', () => {
    const past = pastOf(...ups, ...downs);
    const plain = governed(
      providerConfigured('one', { weight: 70, health: { enabled: false } }),
      providerConfigured('two', { weight: 30, health: { enabled: false } }),
    );
    const aware = governed(providerConfigured('one', { weight: 70 }), providerConfigured('two', { weight: 30 }));
    const without = runPolicy(plain, past, jobs(500, 100));
    const withHealth = runPolicy(aware, past, jobs(500, 100));
    for (const { requests } of [without, withHealth]) expect(requests.every(({ answered }) => answered)).toBe(true);
    expect(mean(without)).toBeGreaterThan(700);
    expect(mean(withHealth)).toBeLessThan(250);
  });

  test('is the same each time', () => {
    const past = pastOf(...ups, ...downs);
    const governance = governed(providerConfigured('one'), providerConfigured('two'));
    expect(runPolicy(governance, past, jobs(50, 100))).toEqual(runPolicy(governance, past, jobs(50, 100)));
  });

  test('counts calls at targets that nothing is known of as failed, and says which', () => {
    const governance = governed(providerConfigured('new'));
    const run = runPolicy(governance, pastOf(...ups), jobs(3, 100));
    expect(run.requests.filter(({ answered }) => answered)).toHaveLength(0);
    expect([...run.unknownTargets]).toEqual([['new/gpt-4o', 3]]);
  });
});

test('a schedule gives the earliest first, equal ones in their order', () => {
  const plan = newSchedule();
  const seen: string[] = [];
  for (const [name, atMs] of [['c', 3], ['a', 1], ['d', 3], ['b', 2], ['e', 0]] as const) schedule(plan, atMs, () => seen.push(name));
  for (let event = next(plan); event !== null; event = next(plan)) event.run(event.atMs);
  expect(seen).toEqual(['e', 'a', 'b', 'c', 'd']);
});
