import { afterEach, describe, expect, test } from '@jest/globals';
import { stamp } from '@libs/events/envelope';
import { subjects } from '@libs/events/subjects';
import { Fault } from '@libs/faults/faults';
import { InMemoryLog } from '@libs/log/in-memory-log';
import { InMemorySignalBus, InMemorySignals } from '@libs/signals/in-memory-signals';
import { decodeReplies, type ReplyMessage } from '@libs/signals/reply-messages';
import { signalSubjects } from '@libs/signals/signals';
import { waitFor } from '@libs/test-kit/wait-for';
import type { Router } from './router';
import {
  appendDrafts, attempt, configureProviders, heartbeats, LeasesInMemory, partitionOfTenant,
  routerOn, scriptedWorker, submission, submit, succeededDraft,
} from './router-for-specs';

const p = partitionOfTenant();
const stops: (() => unknown)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

function keep<T extends { stop(): unknown }>(thing: T): T {
  stops.push(() => thing.stop());
  return thing;
}

interface Setup {
  readonly log: InMemoryLog;
  readonly signals: InMemorySignals;
  readonly router: Router;
  readonly replies: ReplyMessage[];
}

async function started(
  options: { worker?: boolean; now?: () => number; leases?: LeasesInMemory } = {},
): Promise<Setup> {
  const log = new InMemoryLog();
  const signals = new InMemorySignals(new InMemorySignalBus());
  const replies: ReplyMessage[] = [];
  keep(signals.subscribe(signalSubjects.reply('ingress-1'), (text, _, respond) => {
    replies.push(...decodeReplies(text));
    respond?.('ok');
  }));
  await configureProviders(log);
  const router = routerOn(log, signals, {
    ...(options.now ? { now: options.now } : {}),
    ...(options.leases ? { leases: options.leases } : {}),
  });
  stops.push(async () => {
    await router.drain();
    await router.close();
  });
  await router.start(null);
  if (options.worker !== false) keep(heartbeats(signals));
  await waitFor(() => router.ownership.partitions.length === 4);
  return { log, signals, router, replies };
}

describe('a submitted job', () => {
  test('is routed once, with its body repeated, and settles', async () => {
    const { log } = await started();
    keep(await scriptedWorker(log));
    const [job] = await submit(log, submission());
    await waitFor(() => log.eventsOf('JobSucceeded').length === 1);
    const routed = log.eventsOf('JobRouted');
    expect(routed.map(({ subject }) => subject)).toEqual([job]);
    expect(routed[0]!.data.plan.map(({ provider }) => provider).sort()).toEqual(['one', 'two']);
    const commit = log.commits.find((one) => one.events.some(({ type }) => type === 'JobRouted'));
    expect(commit!.contentLines[0]).toContain(routed[0]!.data.body.sha256);
  });

  test('is not routed while no worker is heard', async () => {
    const { log, signals } = await started({ worker: false });
    await submit(log, submission());
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(log.eventsOf('JobRouted')).toHaveLength(0);
    keep(heartbeats(signals));
    await waitFor(() => log.eventsOf('JobRouted').length === 1);
  });

  test('whose model nobody has is rejected, and its caller told', async () => {
    const { log, replies } = await started();
    await configureProviders(log, { models: ['gpt-*'] });
    const [job] = await submit(log, submission({ model: 'nothing' }));
    await waitFor(() => replies.some((one) => one.kind === 'settled' && one.job === job && one.status === 'failed'));
    expect(log.eventsOf('JobRejected')[0]!.data).toMatchObject({ reason: 'no_such_model', status: 404 });
  });

  test('a thousand submitted at once are each routed exactly once', async () => {
    const { log } = await started();
    keep(await scriptedWorker(log));
    await submit(log, ...Array.from({ length: 1000 }, () => submission()));
    await waitFor(() => log.eventsOf('JobSucceeded').length === 1000);
    expect(new Set(log.eventsOf('JobRouted').map(({ subject }) => subject)).size).toBe(1000);
    expect(log.eventsOf('JobRouted')).toHaveLength(1000);
  });
});

describe('what comes back from workers', () => {
  test('an abandoned routing is planned again at another provider', async () => {
    const { log } = await started();
    const providers: string[] = [];
    keep(await scriptedWorker(log, ({ subject, data }) => {
      providers.push(data.plan[0]!.provider);
      if (data.routing > 1) return succeededDraft(subject, data);
      const one = attempt(data, { outcome: 'unknown', error: { class: 'stalled', status: null, message: '' } });
      return {
        type: 'AttemptAbandoned', subject, tenant: 'default',
        data: { routing: data.routing, attempt: one, reason: 'stalled', content_sent: false },
      };
    }));
    await submit(log, submission());
    await waitFor(() => log.eventsOf('JobSucceeded').length === 1);
    expect(providers).toHaveLength(2);
    expect(providers[0]).not.toBe(providers[1]);
  });

  test('a job abandoned more often than the cap is a dead letter', async () => {
    const { log, replies } = await started();
    keep(await scriptedWorker(log, ({ subject, data }) => ({
      type: 'AttemptAbandoned', subject, tenant: 'default',
      data: { routing: data.routing, attempt: null, reason: 'redelivered', content_sent: false },
    })));
    const [job] = await submit(log, submission());
    await waitFor(() => log.eventsOf('JobRejected').length === 1);
    expect(log.eventsOf('JobRejected')[0]!.data.reason).toBe('dead_letter');
    expect(log.eventsOf('JobRouted')).toHaveLength(6);
    await waitFor(() => replies.some((reply) => reply.kind === 'settled' && reply.job === job));
  });

  test('an exhausted plan fails a sync job with its errors and defers an async one', async () => {
    const { log } = await started();
    keep(await scriptedWorker(log, ({ subject, data }) => ({
      type: 'PlanExhausted', subject, tenant: 'default',
      data: {
        routing: data.routing,
        errors: data.plan.map(({ provider, key, model }) => ({
          provider, key, model, retry_after_ms: null,
          error: { class: 'server_error' as const, status: 500, message: 'no' },
        })),
      },
    })));
    const [sync, later] = await submit(log, submission(), submission({ mode: 'async' }));
    await waitFor(() => log.eventsOf('JobRejected').length === 1 && log.eventsOf('JobDeferred').length >= 1);
    const rejected = log.eventsOf('JobRejected')[0]!;
    expect(rejected.subject).toBe(sync);
    expect(rejected.data).toMatchObject({ reason: 'all_candidates_failed', status: 503 });
    expect(rejected.data.errors).toHaveLength(2);
    expect(log.eventsOf('JobDeferred')[0]).toMatchObject({ subject: later, data: { count: 1 } });
    await waitFor(() => log.eventsOf('JobRouted').filter(({ subject }) => subject === later).length === 2);
  });

  test('a stream that broke after content is not run again', async () => {
    const { log } = await started();
    keep(await scriptedWorker(log, ({ subject, data }) => ({
      type: 'AttemptAbandoned', subject, tenant: 'default',
      data: { routing: data.routing, attempt: null, reason: 'connection_lost', content_sent: true },
    })));
    await submit(log, submission({ mode: 'stream' }));
    await waitFor(() => log.eventsOf('JobRejected').length === 1);
    expect(log.eventsOf('JobRouted')).toHaveLength(1);
  });
});

describe('idempotency', () => {
  test('the second of two equal submissions closes as a duplicate of the first', async () => {
    const { log, replies } = await started();
    const idempotency = { key: 'k', body_sha256: 'same' };
    const [first, second] = await submit(log, submission({ idempotency }), submission({ idempotency }));
    await waitFor(() => log.eventsOf('JobDeduplicated').length === 1);
    expect(log.eventsOf('JobDeduplicated')[0]).toMatchObject({ subject: second, data: { of: first } });
    await waitFor(() => replies.length === 2);
    expect(replies).toEqual([
      { kind: 'verdict', job: first, verdict: 'accepted', of: null },
      { kind: 'verdict', job: second, verdict: 'deduplicated', of: first },
    ]);
    expect(log.eventsOf('JobRouted').map(({ subject }) => subject)).toEqual([first]);
  });

  test('the same key with another body is refused', async () => {
    const { log, replies } = await started();
    await submit(log, submission({ idempotency: { key: 'k', body_sha256: 'a' } }));
    const [other] = await submit(log, submission({ idempotency: { key: 'k', body_sha256: 'b' } }));
    await waitFor(() => log.eventsOf('JobRejected').length === 1);
    expect(log.eventsOf('JobRejected')[0]!.data).toMatchObject({ reason: 'idempotency_mismatch', status: 422 });
    await waitFor(() => replies.some((one) => one.kind === 'verdict' && one.job === other && one.verdict === 'mismatch'));
  });
});

describe('cancel', () => {
  test('a waiting job is canceled by the router', async () => {
    const { log } = await started({ worker: false });
    const [job] = await submit(log, submission());
    await appendDrafts(log, subjects.job(p, 'submitted'), [{
      type: 'JobCancelRequested', subject: job!, tenant: 'default', data: { by: 'client', reason: null },
    }]);
    await waitFor(() => log.eventsOf('JobCanceled').length === 1);
  });

  test('a running job is canceled by signal, repeated until it has ended', async () => {
    const { log, signals } = await started();
    const seen: string[] = [];
    keep(signals.subscribe(signalSubjects.cancel('*'), (text) => seen.push(text)));
    const [job] = await submit(log, submission());
    await waitFor(() => log.eventsOf('JobRouted').length === 1);
    await appendDrafts(log, subjects.job(p, 'submitted'), [{
      type: 'JobCancelRequested', subject: job!, tenant: 'default', data: { by: 'client', reason: null },
    }]);
    await waitFor(() => seen.length >= 2);
    expect(JSON.parse(seen[0]!)).toEqual({ job, by: 'client' });
  });
});

describe('the fence', () => {
  test('an owner deposed by another election stops deciding', async () => {
    const { log, router } = await started();
    const last = (await log.lastOf(subjects.job(p, 'routed')))!.sequence;
    await log.appendFenced(subjects.job(p, 'routed'), {
      events: [stamp({
        type: 'RouterElected', subject: `partition_${p}`, tenant: '',
        data: { partition: p, router: 'other', epoch: 99 },
      }, 'e', Date.now())],
    }, last);
    await waitFor(() => !router.ownership.partitions.includes(p));
  });

  test('a decision that could not be appended is made again', async () => {
    const { log } = await started();
    log.failing = new Fault('log_unavailable', 'away');
    setTimeout(() => {
      log.failing = null;
    }, 400);
    log.appendRaw(subjects.job(p, 'submitted'), JSON.stringify(stamp(submission(), 'x', Date.now())));
    // The raw append does not wake followers; the next one does.
    await waitFor(async () => {
      if (log.failing !== null) return false;
      await submit(log, submission());
      return true;
    });
    await waitFor(() => log.eventsOf('JobRouted').length >= 2);
    const routed = log.eventsOf('JobRouted').map(({ subject }) => subject);
    expect(new Set(routed).size).toBe(routed.length);
  });
});

describe('questions', () => {
  test('the owner answers what it knows and tells watchers when the job settles', async () => {
    const { log, signals, replies } = await started();
    const [job] = await submit(log, submission());
    await waitFor(() => log.eventsOf('JobRouted').length === 1);
    const text = await signals.request(signalSubjects.askRouter(p), JSON.stringify({
      jobs: [job, 'job_unknown'], watch: 'ingress-1',
    }), 1000);
    const answer = JSON.parse(text);
    expect(answer.jobs[0]).toMatchObject({ id: job, known: true, terminal: null, view: { status: 'running' } });
    expect(answer.jobs[1]).toEqual({ id: 'job_unknown', known: false });
    const routed = log.eventsOf('JobRouted')[0]!;
    await appendDrafts(log, subjects.job(p, 'settled'), [succeededDraft(job!, routed.data)]);
    await waitFor(() => replies.some((one) => one.kind === 'settled' && one.job === job && one.status === 'succeeded'));
  });
});

describe('a clock that jumps', () => {
  test('back does not keep the owner from renewing its leases (fault campaign, seed 15)', async () => {
    const leases = new LeasesInMemory();
    const shift = { ms: 0 };
    const { router } = await started({ leases, now: () => Date.now() + shift.ms });
    const revisions = (): number[] => [...leases.held.values()].map(({ revision }) => revision);
    const before = Math.max(...revisions());
    shift.ms = -60_000;
    // Every three seconds; they expire after ten.
    await waitFor(() => revisions().every((revision) => revision > before), { timeoutMs: 8_000 });
    expect(router.ownership.partitions).toHaveLength(4);
  }, 15_000);
});

describe('the depth of the queue', () => {
  test('is told by priority class and by where the jobs are', async () => {
    const { log, signals } = await started();
    const later = (): ReturnType<typeof submission> => submission({ priority: 'batch', run_at_ms: Date.now() + 60_000 });
    await submit(log, submission(), submission({ priority: 'normal' }), later(), later());
    await waitFor(() => log.eventsOf('JobRouted').length === 2);
    const question = JSON.stringify({ jobs: [], watch: null, depth: true });
    const depth = async (): Promise<unknown> =>
      JSON.parse(await signals.request(signalSubjects.askRouter(p), question, 1000)).depth;
    const none = { waiting: 0, deferred: 0, running: 0 };
    await waitFor(async () => JSON.stringify(await depth()) === JSON.stringify({
      interactive: { ...none, running: 1 },
      normal: { ...none, running: 1 },
      batch: { ...none, deferred: 2 },
    }));
  });

  test('counts what waits for a worker', async () => {
    const { log, signals, router } = await started({ worker: false });
    await submit(log, submission(), submission());
    await waitFor(() => router.world.partitions[p]!.jobs.size === 2);
    const question = JSON.stringify({ jobs: [], watch: null, depth: true });
    const answer = JSON.parse(await signals.request(signalSubjects.askRouter(p), question, 1000));
    expect(answer.depth.interactive).toEqual({ waiting: 2, deferred: 0, running: 0 });
  });
});

describe('poison', () => {
  test.each([
    ['of clients', subjects.job(p, 'submitted')], ['of decisions', subjects.job(p, 'routed')],
    ['of workers', subjects.job(p, 'settled')], ['of configuration', subjects.governance],
    ['of webhooks', subjects.webhook(p)], ['of no partition', subjects.job(99, 'submitted')],
  ])('among the commits %s is set aside, and jobs are still decided', async (_, subject) => {
    const { log, router } = await started();
    log.appendRaw(subject, '{"id": broken');
    log.appendRaw(subject, '{"id":"e","type":"JobSubmitted"}');
    const [job] = await submit(log, submission());
    await waitFor(() => router.world.partitions[p]!.jobs.get(job!)?.phase === 'running');
    expect(router.fold.counts.poison).toBe(2);
    await configureProviders(log);
    await waitFor(() => router.world.governance.sequence === log.end!.sequence);
  });
});
