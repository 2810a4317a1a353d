// What one routing decision costs, by number of targets and strategy, with health learned for every
// target; and how close 10,000 draws come to configured weights.
import { type Catalogue } from '@libs/events/catalogue';
import { type EventDraft, stamp } from '@libs/events/envelope';
import { strategies, type Strategy } from '@libs/events/routing-policy';
import { evolveGovernance } from '@libs/governance/evolve';
import { type GovernanceState, initialGovernance } from '@libs/governance/state';
import { evolve } from '@libs/jobs/evolve';
import { type JobState } from '@libs/jobs/state';
import { learnFromAttempt } from '@libs/routing/health/learn';
import { defaultRules } from '@libs/routing/health/rules';
import { planFor } from '@libs/routing/plan';
import { newProviderLoad, type ProviderLoad } from '@libs/routing/provider-load';
import { seedOf } from '@libs/routing/seeded';
import { median, percentile, round } from '../statistics';

export interface DecisionsResult {
  readonly rows: readonly DecisionRow[];
  readonly weights: readonly WeightRow[];
}

export interface DecisionRow {
  readonly targets: number;
  readonly strategy: Strategy;
  /** Microseconds for one decision: over batches of 200. */
  readonly medianUs: number;
  readonly p99Us: number;
}

export interface WeightRow {
  readonly provider: string;
  readonly configuredPercent: number;
  readonly measuredPercent: number;
}

const nowMs = Date.UTC(2026, 0, 1);
const batches = 100;
const perBatch = 200;
const draws = 10_000;

export function measureDecisions(): DecisionsResult {
  const rows = [2, 10, 100].flatMap((targets) =>
    strategies.map((strategy) => measureRow(targets, strategy)));
  return { rows, weights: measureWeights() };
}

function measureRow(targets: number, strategy: Strategy): DecisionRow {
  const governance = governanceOf(Array.from({ length: targets }, () => 1), strategy);
  const load = learnedLoad(targets);
  const job = jobOf();
  const costs: number[] = [];
  for (let batch = 0; batch < batches; batch += 1) {
    const startedMs = performance.now();
    for (let index = 0; index < perBatch; index += 1) {
      planFor(job, { governance, load, nowMs }, seedOf(job.id, batch * perBatch + index));
    }
    costs.push((performance.now() - startedMs) * 1000 / perBatch);
  }
  // The first ones are compiled on the way.
  const warm = costs.slice(batches / 5).sort((a, b) => a - b);
  return {
    targets, strategy, medianUs: round(median(warm), 1), p99Us: round(percentile(warm, 0.99), 1),
  };
}

function measureWeights(): WeightRow[] {
  const weights = [70, 20, 10];
  const governance = governanceOf(weights, 'weighted');
  const load = newProviderLoad();
  const job = jobOf();
  const counts = weights.map(() => 0);
  for (let index = 0; index < draws; index += 1) {
    const result = planFor(job, { governance, load, nowMs }, seedOf(`job_${index}`, 1));
    const first = result.kind === 'plan' ? result.plan[0]?.provider : undefined;
    const place = Number(first?.slice(1));
    counts[place] = (counts[place] ?? 0) + 1;
  }
  return weights.map((weight, place) => ({
    provider: `p${place}`, configuredPercent: weight,
    measuredPercent: Math.round((counts[place] ?? 0) / draws * 1_000) / 10,
  }));
}

function governanceOf(weights: readonly number[], strategy: Strategy): GovernanceState {
  const drafts: EventDraft[] = [
    ...weights.map((_, index) => providerDraft(`p${index}`)),
    {
      type: 'RouteConfigured', subject: 'chat', tenant: 'system',
      data: {
        model: 'chat', strategy,
        targets: weights.map((weight, index) => ({ provider: `p${index}`, model: 'm', weight })),
        fallbacks: { default: [], context_too_long: [], content_filter: [] },
        drop_params: false, origin: 'api',
      },
    },
  ];
  return drafts.reduce<GovernanceState>((state, draft, index) =>
    evolveGovernance(state, stamp(draft, `g${index}`, nowMs), index + 1), initialGovernance);
}

function providerDraft(provider: string): EventDraft {
  return {
    type: 'ProviderConfigured', subject: provider, tenant: 'system',
    data: {
      provider, kind: 'openai', base_url: 'http://localhost/v1', models: ['m'], default_model: null,
      keys: [{ name: 'main', secret: null, weight: 1, max_in_flight: 100, models: [] }],
      timeouts: { connect_ms: 1, first_token_ms: 1, stall_ms: 1, total_ms: 1 },
      weight: 1, fallback: true, headers: {}, origin: 'api',
    },
  };
}

function learnedLoad(targets: number): ProviderLoad {
  const load = newProviderLoad();
  for (let index = 0; index < targets; index += 1) {
    for (let call = 0; call < 50; call += 1) {
      learnFromAttempt(load, {
        attempt_id: 'att', routing: 1, provider: `p${index}`, key: 'main', model: 'm',
        started_at_ms: nowMs - 1_000, duration_ms: 100 + index * 3 + call, first_token_ms: null,
        outcome: 'succeeded', error: null, retry_after_ms: null, usage: null, cost_pico_usd: null,
      }, nowMs, defaultRules);
    }
  }
  return load;
}

function jobOf(): JobState {
  const data: Catalogue['JobSubmitted'] = {
    call: {
      surface: 'openai', endpoint: '/v1/chat/completions', stream: false, stream_usage: false,
      reply_to: 'ingress', headers: {},
    },
    mode: 'sync', model: 'chat', body: { sha256: 'b', bytes: 1, where: 'line' }, key: 'key', team: null,
    priority: 'interactive', deadline_at_ms: nowMs + 600_000, run_at_ms: null, on_disconnect: 'cancel',
    idempotency: null, webhook: null, metadata: {}, fallbacks: [], needs: [],
    prompt_tokens_estimate: 100, max_output_tokens: 50,
  };
  const event = stamp({ type: 'JobSubmitted', subject: 'job_1', tenant: 'acme', data }, 'e', nowMs);
  const job = evolve(undefined, event, { sequence: 1, line: 0 });
  if (job === undefined) throw new Error('a submission makes a job');
  return job;
}
