// For the specs of this library: a partition with its owner's lists, fed event by event.
import type { Catalogue } from '@libs/events/catalogue';
import { type AnyEvent, type DraftOf, type EventDraft, stamp } from '@libs/events/envelope';
import { evolveGovernance } from '@libs/governance/evolve';
import { limitsOf } from '@libs/governance/limits';
import { type GovernanceState, initialGovernance } from '@libs/governance/state';
import { decidePartition, type Tick } from './decide-partition';
import { type HealthRules, rulesOf } from './health/rules';
import { foldJobEvent } from './fold-partition';
import {
  healthItemsOf, itemsOf, restoreItem, type Restored, type SnapshotItem,
} from './partition-snapshot';
import { type FoldNews, newPartition, type PartitionState } from './partition-state';
import { newProviderLoad, type ProviderLoad } from './provider-load';
import { buildWorkLists } from './work-lists';

export const startMs = Date.UTC(2026, 0, 1);

export interface Partition {
  readonly state: PartitionState;
  readonly load: ProviderLoad;
  governance: GovernanceState;
  readonly news: FoldNews;
  nowMs: number;
  sequence: number;
  room: number;
  workers: number;
}

export function ownedPartition(governance: GovernanceState = twoProviders()): Partition {
  const state = newPartition(0);
  state.work = buildWorkLists(state);
  return {
    state, governance, load: newProviderLoad(), nowMs: startMs, sequence: 0, room: 1000,
    workers: 1, news: { settled: [], verdicts: [], cancels: [] },
  };
}

/** Folds drafts as one commit. */
export function given(partition: Partition, ...drafts: readonly EventDraft[]): void {
  partition.sequence += 1;
  const { state, load, news, sequence, nowMs } = partition;
  const rulesFor = (provider: string): HealthRules =>
    rulesOf(partition.governance.providers.get(provider)?.health);
  drafts.forEach((draft, line) => {
    const event: AnyEvent = stamp(draft, `${sequence}-${line}`, nowMs);
    foldJobEvent(state, event, { at: { sequence, line }, appendedAtMs: nowMs }, {
      load, news, rulesFor,
      limitsOf: ({ tenant, submitted: { team, key } }) =>
        limitsOf(partition.governance, { tenant, team, key }),
    });
  });
}

/** What the owner decides now; not folded yet. */
export function decided(partition: Partition): EventDraft[] {
  const { state, load, governance, nowMs, sequence, room, workers } = partition;
  const tick: Tick = { load, governance, nowMs, seen: sequence, room, workers, abandonCap: 5, partitionCount: 1 };
  return decidePartition(state, tick);
}

/** Decides and folds until nothing is left; all that was decided. */
export function run(partition: Partition): EventDraft[] {
  const all: EventDraft[] = [];
  for (;;) {
    const drafts = decided(partition);
    if (drafts.length === 0) return all;
    all.push(...drafts);
    given(partition, ...drafts);
  }
}

/** Another router takes over from a snapshot: what is decided and not folded is lost. */
export function takenOver(partition: Partition): Partition {
  const items = [...itemsOf(partition.state), ...healthItemsOf(partition.load)];
  const restored: Restored = { partitions: new Map(), load: newProviderLoad() };
  for (const item of items) restoreItem(restored, JSON.parse(JSON.stringify(item)) as SnapshotItem);
  const state = restored.partitions.get(partition.state.partition) as PartitionState;
  state.work = buildWorkLists(state);
  return { ...partition, state, load: restored.load };
}

export function summary(drafts: readonly EventDraft[]): string[] {
  return drafts.map(({ type, subject }) => `${type} ${subject}`);
}

export function routedOf(drafts: readonly EventDraft[]): DraftOf<'JobRouted'>[] {
  return drafts.filter((draft): draft is DraftOf<'JobRouted'> => draft.type === 'JobRouted');
}

export function submitted(
  id: string, changes: Partial<Catalogue['JobSubmitted']> = {}, tenant = 'acme',
): DraftOf<'JobSubmitted'> {
  return {
    type: 'JobSubmitted',
    subject: id,
    tenant,
    data: {
      call: {
        surface: 'openai', endpoint: '/v1/chat/completions', stream: false, stream_usage: false,
        reply_to: 'ingress-1', headers: {},
      },
      mode: 'sync', model: 'gpt-4o', body: { sha256: 'b', bytes: 1, where: 'line' }, key: 'key_1',
      team: null, priority: 'interactive', deadline_at_ms: startMs + 600_000, run_at_ms: null,
      on_disconnect: 'cancel', idempotency: null, webhook: null, metadata: {}, fallbacks: [],
      needs: [], prompt_tokens_estimate: 100, max_output_tokens: 50, ...changes,
    },
  };
}

export function attemptOf(
  { data }: DraftOf<'JobRouted'>, changes: Partial<Catalogue['AttemptFailed']['attempt']> = {},
): Catalogue['AttemptFailed']['attempt'] {
  const { provider, key, model } = data.plan[0] as (typeof data.plan)[number];
  return {
    attempt_id: `att_${data.routing}_${provider}_${key}`, routing: data.routing, provider, key, model,
    started_at_ms: startMs, duration_ms: 10, first_token_ms: null, outcome: 'succeeded', error: null,
    retry_after_ms: null, usage: null, cost_pico_usd: null, ...changes,
  };
}

export function attemptFailed(
  routed: DraftOf<'JobRouted'>, errorClass: 'rate_limited' | 'credentials_rejected' | 'server_error',
  retryAfterMs: number | null = null,
): DraftOf<'AttemptFailed'> {
  const attempt = attemptOf(routed, {
    outcome: 'failed', retry_after_ms: retryAfterMs,
    error: { class: errorClass, status: 429, message: 'no' },
  });
  return { type: 'AttemptFailed', subject: routed.subject, tenant: routed.tenant, data: { attempt } };
}

export function succeeded(routed: DraftOf<'JobRouted'>): DraftOf<'JobSucceeded'> {
  const attempt = attemptOf(routed);
  return {
    type: 'JobSucceeded', subject: routed.subject, tenant: routed.tenant,
    data: {
      routing: routed.data.routing, attempts: [attempt], provider: attempt.provider,
      model: attempt.model, usage: null, cost_pico_usd: null, status: 200,
      result: { sha256: 'r', bytes: 1, where: 'line' }, dropped_params: [],
    },
  };
}

export function failed(
  routed: DraftOf<'JobRouted'>, errorClass: 'invalid_request' | 'server_error',
): DraftOf<'JobFailed'> {
  return {
    type: 'JobFailed', subject: routed.subject, tenant: routed.tenant,
    data: {
      routing: routed.data.routing, attempts: [], status: 400, result: null,
      error: { class: errorClass, status: 400, message: 'no' },
    },
  };
}

export function abandoned(
  routed: DraftOf<'JobRouted'>, contentSent = false,
): DraftOf<'AttemptAbandoned'> {
  const attempt = attemptOf(routed, {
    outcome: 'unknown', error: { class: 'stalled', status: null, message: 'no' },
  });
  return {
    type: 'AttemptAbandoned', subject: routed.subject, tenant: routed.tenant,
    data: { routing: routed.data.routing, attempt, reason: 'stalled', content_sent: contentSent },
  };
}

export function exhausted(
  routed: DraftOf<'JobRouted'>, retryAfterMs: number | null = null,
): DraftOf<'PlanExhausted'> {
  return {
    type: 'PlanExhausted', subject: routed.subject, tenant: routed.tenant,
    data: {
      routing: routed.data.routing,
      errors: routed.data.plan.map(({ provider, key, model }) => ({
        provider, key, model, retry_after_ms: retryAfterMs,
        error: { class: 'server_error', status: 500, message: 'no' },
      })),
    },
  };
}

export function providerConfigured(
  provider: string, changes: Partial<Catalogue['ProviderConfigured']> = {},
): DraftOf<'ProviderConfigured'> {
  return {
    type: 'ProviderConfigured', subject: provider, tenant: '',
    data: {
      provider, kind: 'openai', base_url: 'http://localhost/v1', models: ['gpt-4o'],
      default_model: null, keys: [providerKey('main')],
      timeouts: { connect_ms: 1, first_token_ms: 1, stall_ms: 1, total_ms: 1 },
      weight: 1, fallback: true, headers: {}, origin: 'api', ...changes,
    },
  };
}

export function providerKey(
  name: string, changes: Partial<Catalogue['ProviderConfigured']['keys'][number]> = {},
): Catalogue['ProviderConfigured']['keys'][number] {
  return { name, secret: null, weight: 1, max_in_flight: null, models: [], ...changes };
}

export function governed(...drafts: readonly EventDraft[]): GovernanceState {
  return drafts.reduce<GovernanceState>(
    (state, draft, index) => evolveGovernance(state, stamp(draft, `g${index}`, startMs), index + 1),
    initialGovernance,
  );
}

export function twoProviders(): GovernanceState {
  return governed(
    providerConfigured('one', { weight: 70 }), providerConfigured('two', { weight: 30 }),
  );
}
