// For the specs of this service: a router on a log in memory, with clients and workers by script.
import { pino } from 'pino';
import type { Catalogue } from '@libs/events/catalogue';
import type { AnyEvent, DraftOf, EventDraft } from '@libs/events/envelope';
import { stamp } from '@libs/events/envelope';
import { partitionOf, subjects } from '@libs/events/subjects';
import { sha256Hex } from '@libs/log/content';
import type { Commit, EventLog } from '@libs/log/log';
import type { Signals } from '@libs/signals/signals';
import { signalSubjects } from '@libs/signals/signals';
import { newEventId } from '@libs/telemetry/ids';
import { Registry } from '@libs/telemetry/metrics';
import type { Lease, Leases } from './own-partition/ownership';
import { Router, type RouterParts } from './router';
import { RouterMetrics } from './shared/router-metrics';
import { newWorld, type World } from '@libs/routing/world';

export const partitionCount = 4;

/** Leases that nobody loses by time. */
export class LeasesInMemory implements Leases {
  readonly held = new Map<string, Lease>();
  #revision = 0;

  acquire(name: string, holder: string): Promise<Lease | null> {
    const known = this.held.get(name);
    if (known !== undefined && known.holder !== holder) return Promise.resolve(null);
    return Promise.resolve(this.#put(name, holder));
  }

  renew(held: Lease): Promise<Lease | null> {
    const same = this.held.get(held.name)?.revision === held.revision;
    return Promise.resolve(same ? this.#put(held.name, held.holder) : null);
  }

  release(held: Lease): Promise<void> {
    if (this.held.get(held.name)?.revision === held.revision) this.held.delete(held.name);
    return Promise.resolve();
  }

  holderOf(name: string): Promise<string | null> {
    return Promise.resolve(this.held.get(name)?.holder ?? null);
  }

  takeOver(name: string, holder: string, from: string): Promise<Lease | null> {
    if (this.held.get(name)?.holder !== from) return Promise.resolve(null);
    return Promise.resolve(this.#put(name, holder));
  }

  #put(name: string, holder: string): Lease {
    const lease = { name, holder, revision: this.#revision += 1 };
    this.held.set(name, lease);
    return lease;
  }
}

export function routerOn(
  log: EventLog, signals: Signals,
  parts: Partial<RouterParts> & { readonly world?: World } = {},
): Router {
  const { world = newWorld(partitionCount), ...given } = parts;
  return new Router(world, {
    log, signals,
    leases: new LeasesInMemory(),
    logger: pino({ level: 'silent' }),
    metrics: new RouterMetrics(new Registry()),
    now: Date.now,
    elapsed: () => performance.now(),
    instance: 'router-1',
    abandonCap: 5,
    onStopped: (error) => {
      throw error;
    },
    ...given,
  });
}

/** A worker is heard, until stopped. */
export function heartbeats(signals: Signals, capacity = 512): { stop(): void } {
  const beat = (): void => signals.publish(signalSubjects.workerHeartbeat, JSON.stringify({
    worker: 'worker-1', running: 0, capacity, draining: false,
  }));
  beat();
  const timer = setInterval(beat, 500);
  return { stop: () => clearInterval(timer) };
}

export async function appendDrafts(
  log: EventLog, subject: string, drafts: readonly EventDraft[],
): Promise<void> {
  const events = drafts.map((draft) => stamp(draft, newEventId(), Date.now()));
  await log.append(subject, { events });
}

/** Two providers of the OpenAI kind, 70 and 30. */
export async function configureProviders(
  log: EventLog, changes: Partial<Catalogue['ProviderConfigured']> = {},
): Promise<void> {
  const providers = [['one', 70], ['two', 30]] as const;
  await appendDrafts(log, subjects.governance, providers.map(([id, weight]) => ({
    type: 'ProviderConfigured', subject: id, tenant: '', data: providerData(id, weight, changes),
  })));
}

export function providerData(
  id: string, weight: number, changes: Partial<Catalogue['ProviderConfigured']> = {},
): Catalogue['ProviderConfigured'] {
  return {
    provider: id, kind: 'openai', base_url: 'http://127.0.0.1:1/v1', models: ['*'],
    default_model: 'small',
    keys: [{ name: 'main', secret: null, weight: 1, max_in_flight: null, models: [] }],
    timeouts: { connect_ms: 1000, first_token_ms: 1000, stall_ms: 1000, total_ms: 1000 },
    weight, fallback: true, headers: {}, origin: 'api', ...changes,
  };
}

let counter = 0;

export function submission(
  changes: Partial<Catalogue['JobSubmitted']> = {}, tenant = 'default',
): DraftOf<'JobSubmitted'> {
  counter += 1;
  const id = `job_${String(counter).padStart(8, '0')}`;
  const text = JSON.stringify({ model: 'gpt-4o', n: counter });
  const sha256 = sha256Hex(text);
  const data: Catalogue['JobSubmitted'] = {
    call: {
      surface: 'openai', endpoint: '/v1/chat/completions', stream: false, stream_usage: false,
      reply_to: 'ingress-1', headers: {},
    },
    mode: 'sync', model: 'gpt-4o', body: { sha256, bytes: text.length, where: 'line' }, key: 'key_1', team: null,
    priority: 'interactive', deadline_at_ms: Date.now() + 600_000, run_at_ms: null,
    on_disconnect: 'cancel', idempotency: null, webhook: null, metadata: {}, fallbacks: [],
    needs: [], prompt_tokens_estimate: 10, max_output_tokens: 10, ...changes,
  };
  return { type: 'JobSubmitted', subject: id, tenant, data };
}

export function partitionOfTenant(tenant = 'default'): number {
  return partitionOf(tenant, partitionCount);
}

/** Appends submissions with their bodies. */
export async function submit(
  log: EventLog, ...drafts: readonly DraftOf<'JobSubmitted'>[]
): Promise<string[]> {
  await Promise.all(drafts.map((draft) => log.append(
    subjects.job(partitionOfTenant(draft.tenant), 'submitted'),
    {
      events: [stamp(draft, newEventId(), Date.now())],
      content: [{ sha256: draft.data.body.sha256, encoding: 'utf8', text: '{"body":true}' }],
    },
  )));
  return drafts.map(({ subject }) => subject);
}

export function attempt(
  routed: Catalogue['JobRouted'], changes: Partial<Catalogue['AttemptFailed']['attempt']> = {},
): Catalogue['AttemptFailed']['attempt'] {
  const { provider, key, model } = routed.plan[0] as (typeof routed.plan)[number];
  return {
    attempt_id: `att_${newEventId()}`, routing: routed.routing, provider, key, model, started_at_ms: Date.now(), duration_ms: 1,
    first_token_ms: null, outcome: 'succeeded', error: null, retry_after_ms: null,
    usage: null, cost_pico_usd: null, ...changes,
  };
}

export function succeededDraft(job: string, routed: Catalogue['JobRouted']): EventDraft {
  const one = attempt(routed);
  return {
    type: 'JobSucceeded', subject: job, tenant: 'default',
    data: {
      routing: routed.routing, attempts: [one], provider: one.provider, model: one.model,
      usage: null, cost_pico_usd: null, status: 200,
      result: { sha256: '0'.repeat(64), bytes: 2, where: 'line' }, dropped_params: [],
    },
  };
}

/** A worker that answers every routing as `outcome` says; null: it stays silent about it. */
export async function scriptedWorker(
  log: EventLog,
  outcome: (event: Extract<AnyEvent, { type: 'JobRouted' }>) => EventDraft | null =
  (event) => succeededDraft(event.subject, event.data),
): Promise<{ stop(): Promise<void> }> {
  return log.follow({
    subjects: [subjects.job('*', 'routed')],
    after: null,
    onStopped: () => undefined,
    onCommit: (commit: Commit) => {
      const partition = Number(commit.subject.split('.')[2]);
      const drafts = commit.events.flatMap((event) =>
        event.type === 'JobRouted' ? outcome(event) ?? [] : []);
      const attempted = drafts.filter((draft) => isAttempted(draft.type));
      const settled = drafts.filter((draft) => !isAttempted(draft.type));
      if (attempted.length > 0) void appendDrafts(log, subjects.job(partition, 'attempted'), attempted);
      if (settled.length > 0) void appendDrafts(log, subjects.job(partition, 'settled'), settled);
    },
  });
}

function isAttempted(type: string): boolean {
  return ['AttemptFailed', 'AttemptAbandoned', 'AttemptReturned', 'PlanExhausted'].includes(type);
}
