// What a worker does with the commits it is handed, over a log and signals in memory and a scripted
// provider.
import { afterEach, describe, expect, test } from '@jest/globals';
import { keysForSpecs } from '@libs/content-keys/keys-for-specs';
import { Registry } from 'prom-client';
import { type AnyEvent, type EventDraft, stamp } from '@libs/events/envelope';
import { type Catalogue } from '@libs/events/catalogue';
import { inlineContent } from '@libs/log/content';
import { InMemoryLog } from '@libs/log/in-memory-log';
import { type Delivery } from '@libs/log/work-queue';
import { InMemorySignalBus, InMemorySignals } from '@libs/signals/in-memory-signals';
import { decodeReplies, type ReplyMessage } from '@libs/signals/reply-messages';
import { Secret } from '@libs/settings/secret';
import { newAttemptId, newEventId } from '@libs/telemetry/ids';
import { waitFor } from '@libs/test-kit/wait-for';
import { type Delta, type UpstreamOutcome, type UpstreamRequest } from './providers/outcome';
import { type CallProvider } from './run-attempts/run-job';
import { answer, candidate, failure, requestBody, routed } from './run-attempts/test-jobs';
import { givenGovernance, providers } from './shared/test-governance';
import { pauseBeforeMs } from './run-attempts/same-target';
import { Worker } from './worker';

/** One call as the scripted provider sees it. */
interface Call {
  readonly provider: string;
  readonly request: UpstreamRequest;
  readonly emit: (data: string) => void;
  readonly end: (outcome: UpstreamOutcome) => void;
}

const workers: Worker[] = [];
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.close()));
});

class Scene {
  readonly log = new InMemoryLog();
  readonly bus = new InMemorySignalBus();
  readonly calls: Call[] = [];
  readonly replies: ReplyMessage[] = [];
  readonly signals = new InMemorySignals(this.bus);
  readonly worker = this.newWorker(this.signals);
  /** Set to answer every call at once. */
  auto: ((provider: string) => UpstreamOutcome) | null = null;

  constructor() {
    new InMemorySignals(this.bus).subscribe('reply.ing', (text, _, respond) => {
      this.replies.push(...decodeReplies(text));
      respond?.('ok');
    });
  }

  newWorker(signals = new InMemorySignals(this.bus)): Worker {
    const callProvider: CallProvider = (...call) => this.provide(...call);
    const worker = new Worker({
      keys: keysForSpecs(),
      instance: 'w1', log: this.log, signals,
      governance: givenGovernance(providers('a', 'b')), registry: new Registry(), callProvider,
      capacity: 4, webhookCapacity: 2, bodiesMaxBytes: 1024 * 1024,
      masterKey: new Secret('master'), publicUrl: null,
      proxy: { httpProxy: null, httpsProxy: null, noProxy: null }, now: () => Date.now(),
    });
    workers.push(worker);
    return worker;
  }

  provide(
    target: { providerId: string }, request: UpstreamRequest, onDelta: (delta: Delta) => void,
  ): Promise<UpstreamOutcome> {
    if (this.auto !== null) return Promise.resolve(this.auto(target.providerId));
    return new Promise((end) => {
      request.signal.addEventListener('abort', () =>
        end(failure('canceled', { status: null, mayHaveCost: true })));
      const emit = (data: string): void => onDelta({ event: null, data, content: true });
      this.calls.push({ provider: target.providerId, request, emit, end });
    });
  }

  /** Appends a routing of each job and hands it out. */
  async route(jobs: Record<string, Catalogue['JobRouted']>, again = false): Promise<Delivery> {
    const events = Object.entries(jobs).map(([id, data]): AnyEvent => {
      const draft: EventDraft = { type: 'JobRouted', subject: id, tenant: 't', data };
      return stamp(draft, newEventId(), Date.now());
    });
    const content = inlineContent(requestBody)!.lines;
    const { sequence } = await this.log.append('events.job.0.routed', { events, content });
    const commit = (await this.log.readAt(sequence))!;
    return { commit, deliveryCount: again ? 2 : 1, mayHaveRunBefore: again, working: () => undefined };
  }

  call(index = 0): Promise<Call> {
    return waitFor(() => this.calls[index]);
  }

  types(): string[] {
    return this.log.events().map(({ type }) => type).filter((type) => type !== 'JobRouted');
  }
}

const plan = [candidate('a'), candidate('b')];

describe('a job that is answered', () => {
  test('is durable first, then told to the one who waits, with its answer', async () => {
    const scene = new Scene();
    scene.auto = () => answer('{"text":"hello"}');
    expect(await scene.worker.handle(await scene.route({ job_1: routed(plan) }))).toBe('done');
    const [end] = scene.log.eventsOf('JobSucceeded');
    expect(end).toMatchObject({
      subject: 'job_1', data: { provider: 'a', cost_pico_usd: '35', status: 200, routing: 1 },
    });
    expect(end!.causation).toBe(scene.log.eventsOf('JobRouted')[0]!.id);
    const reply = await waitFor(() => scene.replies[0]);
    expect(reply).toMatchObject({
      kind: 'result', job: 'job_1', outcome: 'succeeded', body: '{"text":"hello"}', line: 0,
      sequence: 2, attempts: 1, cost_pico_usd: '35',
    });
    expect((await scene.log.readAt(2))!.contentLines[0]).toContain('hello');
  });

  test('keeps an answer too large for a line in the object store', async () => {
    const scene = new Scene();
    const body = JSON.stringify({ text: 'x'.repeat(200_000) });
    scene.auto = () => answer(body);
    await scene.worker.handle(await scene.route({ job_1: routed(plan) }));
    const { result } = scene.log.eventsOf('JobSucceeded')[0]!.data;
    expect(result.where).toBe('object');
    expect(Buffer.from(scene.log.objects.get(result.sha256)!).toString()).toBe(body);
  });

  test('after a fallback has the failure in the log before its success', async () => {
    const scene = new Scene();
    scene.auto = (name) => (name === 'a' ? failure('rate_limited') : answer());
    await scene.worker.handle(await scene.route({ job_1: routed(plan) }));
    expect(scene.types()).toEqual(['AttemptFailed', 'JobSucceeded']);
    expect(scene.log.eventsOf('JobSucceeded')[0]!.data.attempts).toHaveLength(2);
  });

  test('is not told to anyone when nobody waits', async () => {
    const scene = new Scene();
    scene.auto = () => answer();
    const call = { ...routed(plan).call, reply_to: null };
    await scene.worker.handle(await scene.route({ job_1: routed(plan, { call }) }));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(scene.replies).toEqual([]);
  });
});

describe('a job held across a lost connection', () => {
  test('has its outcome in the log, but the router tells it', async () => {
    const scene = new Scene();
    const handled = scene.worker.handle(await scene.route({ job_1: routed(plan) }));
    const upstream = await scene.call();
    scene.signals.disconnect();
    scene.signals.reconnect();
    upstream.end(answer());
    await handled;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(scene.types()).toEqual(['JobSucceeded']);
    expect(scene.replies).toEqual([]);
  });
});

describe('a job that cannot be run', () => {
  test('for want of its provider goes on to the next candidate', async () => {
    const scene = new Scene();
    scene.auto = () => answer();
    const gone = routed([candidate('gone'), candidate('b')]);
    await scene.worker.handle(await scene.route({ job_1: gone }));
    expect(scene.log.eventsOf('AttemptFailed')[0]!.data.attempt.error).toMatchObject({
      class: 'connect_failed', message: 'Provider gone is not configured any more.',
    });
    expect(scene.types()).toEqual(['AttemptFailed', 'JobSucceeded']);
  });

  test('for want of its content fails with words for people', async () => {
    const scene = new Scene();
    const body = { sha256: 'gone', bytes: 1, where: 'line' as const };
    const lost = routed(plan, { body, submission: { sequence: 99, line: 0 } });
    await scene.worker.handle(await scene.route({ job_1: lost }));
    expect(scene.log.eventsOf('JobFailed')[0]!.data).toMatchObject({
      status: 500, error: { class: 'unknown' }, result: null, attempts: [],
    });
  });
});

describe('a plan at its end', () => {
  test('goes back to the router, and nobody is told', async () => {
    const scene = new Scene();
    scene.auto = () => failure('server_error');
    await scene.worker.handle(await scene.route({ job_1: routed(plan) }));
    expect(scene.types()).toEqual(['AttemptFailed', 'AttemptFailed', 'PlanExhausted']);
    expect(scene.replies).toEqual([]);
  });
});

describe('a streamed job', () => {
  const call = { ...routed(plan).call, stream: true };

  test('sends its deltas in order and keeps them for those who ask', async () => {
    const scene = new Scene();
    const handled = scene.worker.handle(await scene.route({ job_1: routed(plan, { call }) }));
    const upstream = await scene.call();
    upstream.emit('one');
    upstream.emit('two');
    const asked = new InMemorySignals(scene.bus).request('deltas.job_1', '', 500);
    expect(JSON.parse(await asked)).toMatchObject({ deltas: [{ data: 'one' }, { data: 'two' }] });
    upstream.end(answer());
    await handled;
    await waitFor(() => scene.replies.length === 3);
    expect(scene.replies).toMatchObject([
      { kind: 'delta', index: 0, data: 'one', provider: 'a' }, { kind: 'delta', index: 1, data: 'two' },
      { kind: 'result', outcome: 'succeeded' },
    ]);
  });

  test('that breaks after content is abandoned, then its caller is told', async () => {
    const scene = new Scene();
    const handled = scene.worker.handle(await scene.route({ job_1: routed(plan, { call }) }));
    const upstream = await scene.call();
    upstream.emit('one');
    upstream.end(failure('connection_lost', { mayHaveCost: true, contentSent: true }));
    await handled;
    expect(scene.log.eventsOf('AttemptAbandoned')[0]!.data).toMatchObject({
      content_sent: true, reason: 'connection_lost', attempt: { outcome: 'unknown' },
    });
    await waitFor(() => scene.replies.some(({ kind }) => kind === 'broken'));
  });
});

describe('the deltas of a streamed job', () => {
  const call = { ...routed(plan).call, stream: true };
  const ask = (scene: Scene, attempt: string | null): Promise<unknown> =>
    new InMemorySignals(scene.bus)
      .request('deltas.job_1', JSON.stringify({ attempt, from: 0 }), 100)
      .then((text) => JSON.parse(text) as unknown, () => 'nobody answered');

  test('stay for those who come when it was answered', async () => {
    const scene = new Scene();
    const handled = scene.worker.handle(await scene.route({ job_1: routed(plan, { call }) }));
    const upstream = await scene.call();
    upstream.emit('one');
    upstream.end(answer());
    await handled;
    const { attempt_id } = scene.log.eventsOf('JobSucceeded')[0]!.data.attempts[0]!;
    const kept = { attempt: attempt_id, from: 0, deltas: [{ data: 'one' }] };
    expect(await ask(scene, null)).toMatchObject(kept);
    expect(await ask(scene, attempt_id)).toMatchObject(kept);
  });

  test('go when its attempt broke: nobody is to begin with what cannot go on', async () => {
    const scene = new Scene();
    const handled = scene.worker.handle(await scene.route({ job_1: routed(plan, { call }) }));
    const upstream = await scene.call();
    upstream.emit('one');
    upstream.end(failure('connection_lost', { mayHaveCost: true, contentSent: true }));
    await handled;
    expect(await ask(scene, null)).toBe('nobody answered');
  });

  test('are not offered to one who reads a later attempt, as after a pause', async () => {
    const scene = new Scene();
    const handled = scene.worker.handle(await scene.route({ job_1: routed(plan, { call }) }));
    const upstream = await scene.call();
    upstream.emit('one');
    expect(await ask(scene, 'att_0')).toMatchObject({ deltas: [{ data: 'one' }] });
    expect(await ask(scene, newAttemptId())).toBe('nobody answered');
    upstream.end(answer());
    await handled;
  });
});

describe('a job whose first call is late', () => {
  const call = { ...routed(plan).call, stream: true };
  const hedge = { after_ms: 20, candidate: 1 };

  test('streams from the second one only, under its name and from the beginning', async () => {
    const scene = new Scene();
    const handled = scene.worker.handle(await scene.route({ job_1: routed(plan, { call, hedge }) }));
    const [first, second] = [await scene.call(), await scene.call(1)];
    second.emit('b1');
    first.emit('a1');
    second.emit('b2');
    expect([first.request.signal.aborted, second.request.signal.aborted]).toEqual([true, false]);
    const asked = await new InMemorySignals(scene.bus).request('deltas.job_1', '', 500);
    expect(JSON.parse(asked)).toMatchObject({
      attempt: second.request.attemptId, from: 0, deltas: [{ data: 'b1' }, { data: 'b2' }],
    });
    second.end(answer());
    await handled;
    await waitFor(() => scene.replies.length === 3);
    const attempt = second.request.attemptId;
    expect(scene.replies).toMatchObject([
      { kind: 'delta', attempt, index: 0, data: 'b1', provider: 'b' },
      { kind: 'delta', attempt, index: 1, data: 'b2' },
      { kind: 'result', outcome: 'succeeded', attempt_id: attempt, attempts: 2 },
    ]);
  });

  test('streams from the first one under its name when that is faster after all', async () => {
    const scene = new Scene();
    const handled = scene.worker.handle(await scene.route({ job_1: routed(plan, { call, hedge }) }));
    const [first, second] = [await scene.call(), await scene.call(1)];
    // Who asks meanwhile is told of the first: an id that comes later would have to stay.
    const asked = await new InMemorySignals(scene.bus).request('deltas.job_1', '', 500);
    expect(JSON.parse(asked)).toMatchObject({ attempt: first.request.attemptId, deltas: [] });
    first.emit('a1');
    second.emit('b1');
    first.end(answer());
    await handled;
    await waitFor(() => scene.replies.length === 2);
    expect(scene.replies).toMatchObject([
      { kind: 'delta', attempt: first.request.attemptId, index: 0, data: 'a1', provider: 'a' },
      { kind: 'result', attempt_id: first.request.attemptId },
    ]);
  });

  test('costs what both have cost, as far as it is known', async () => {
    const scene = new Scene();
    const handled = scene.worker.handle(await scene.route({ job_1: routed(plan, { hedge }) }));
    const [first, second] = [await scene.call(), await scene.call(1)];
    second.end(answer());
    first.end(answer());
    await handled;
    expect(scene.log.eventsOf('JobSucceeded')[0]!.data).toMatchObject({
      provider: 'b', cost_pico_usd: '70', usage: { input_tokens: 10 },
      attempts: [{ provider: 'a', outcome: 'canceled' }, { provider: 'b', outcome: 'succeeded' }],
    });
    await waitFor(() => scene.replies.length === 1);
    expect(scene.replies[0]).toMatchObject({ cost_pico_usd: '70', provider: 'b', attempts: 2 });
  });

  test('and is canceled ends both calls', async () => {
    const scene = new Scene();
    const handled = scene.worker.handle(await scene.route({ job_1: routed(plan, { call, hedge }) }));
    const calls = [await scene.call(), await scene.call(1)];
    new InMemorySignals(scene.bus).publish('cancel.0', JSON.stringify({ job: 'job_1', by: 'client' }));
    await handled;
    expect(calls.map(({ request }) => request.signal.aborted)).toEqual([true, true]);
    expect(scene.log.eventsOf('JobCanceled')[0]!.data.attempts).toHaveLength(2);
  });
});

describe('a job that is to call its candidate again', () => {
  test('has each call in the log, and ends its pause when it is canceled', async () => {
    const scene = new Scene();
    const retries = { same_target: 5, attempts_max: 8 };
    // With this seed the fourth pause is as long as can be: more than a second.
    const seed = 33;
    const handled = scene.worker.handle(await scene.route({ job_1: routed(plan, { retries, seed }) }));
    const calls = 4;
    for (let index = 0; index < calls; index += 1) (await scene.call(index)).end(failure('server_error'));
    await waitFor(() => scene.log.eventsOf('AttemptFailed').length === calls);
    const startedMs = performance.now();
    new InMemorySignals(scene.bus).publish('cancel.0', JSON.stringify({ job: 'job_1', by: 'client' }));
    await handled;
    expect(performance.now() - startedMs).toBeLessThan(pauseBeforeMs(calls, seed) / 2);
    expect(scene.calls.map(({ provider }) => provider)).toEqual(['a', 'a', 'a', 'a']);
    expect(scene.log.eventsOf('JobCanceled')[0]!.data.attempts).toMatchObject(
      Array.from({ length: calls }, () => ({ provider: 'a', outcome: 'failed' })));
  });
});

describe('a job that is canceled', () => {
  const cancel = JSON.stringify({ job: 'job_1', by: 'client' });

  test('while its call runs ends as canceled, its attempt unknown when money may be due', async () => {
    const scene = new Scene();
    const handled = scene.worker.handle(await scene.route({ job_1: routed(plan) }));
    await scene.call();
    new InMemorySignals(scene.bus).publish('cancel.0', cancel);
    await handled;
    expect(scene.log.eventsOf('JobCanceled')[0]!.data).toMatchObject({
      by: 'client', routing: 1, attempts: [{ outcome: 'unknown' }],
    });
    await waitFor(() => scene.replies.length === 1);
    expect(scene.replies[0]).toMatchObject({ kind: 'result', outcome: 'canceled' });
  });

  test('while its outcome is being appended keeps that outcome, and has only one', async () => {
    const scene = new Scene();
    const handled = scene.worker.handle(await scene.route({ job_1: routed(plan) }));
    const upstream = await scene.call();
    scene.log.hold();
    let isAppending = false;
    const append = scene.log.append.bind(scene.log);
    scene.log.append = (...given) => {
      isAppending = true;
      return append(...given);
    };
    upstream.end(answer());
    await waitFor(() => isAppending);
    new InMemorySignals(scene.bus).publish('cancel.0', cancel);
    await new Promise((resolve) => setTimeout(resolve, 10));
    scene.log.release();
    await handled;
    expect(scene.types()).toEqual(['JobSucceeded']);
  });

  test('twice, as the router repeats it, ends once', async () => {
    const scene = new Scene();
    const handled = scene.worker.handle(await scene.route({ job_1: routed(plan) }));
    await scene.call();
    const signals = new InMemorySignals(scene.bus);
    signals.publish('cancel.0', cancel);
    signals.publish('cancel.0', cancel);
    await handled;
    expect(scene.types()).toEqual(['JobCanceled']);
  });
});

describe('a job past its deadline', () => {
  test('is ended by the worker as expired', async () => {
    const scene = new Scene();
    const late = routed(plan, { deadline_at_ms: Date.now() + 500 });
    await scene.worker.handle(await scene.route({ job_1: late }));
    expect(scene.log.eventsOf('JobExpired')[0]!.data).toMatchObject({
      routing: 1, attempts: [{ outcome: 'unknown' }],
    });
  });
});

describe('a commit that may have run before', () => {
  test('is left to the live worker that runs it, this one included', async () => {
    const scene = new Scene();
    const delivery = await scene.route({ job_1: routed(plan) });
    const running = scene.worker.handle(delivery);
    await scene.call();
    const again = { ...delivery, mayHaveRunBefore: true };
    expect(await scene.worker.handle(again)).toBe('left');
    expect(await scene.newWorker().handle(again)).toBe('left');
    (await scene.call()).end(answer());
    await running;
    expect(scene.types()).toEqual(['JobSucceeded']);
    expect(scene.calls).toHaveLength(1);
  });

  test('and that nobody runs is abandoned without a call, each job of it', async () => {
    const scene = new Scene();
    const jobs = { job_1: routed(plan), job_2: routed(plan, { routing: 3 }) };
    expect(await scene.worker.handle(await scene.route(jobs, true))).toBe('done');
    expect(scene.calls).toEqual([]);
    expect(scene.log.eventsOf('AttemptAbandoned')).toMatchObject([
      { subject: 'job_1', data: { routing: 1, attempt: null, reason: 'redelivered' } },
      { subject: 'job_2', data: { routing: 3, attempt: null, reason: 'redelivered' } },
    ]);
  });
});

describe('a draining worker', () => {
  test('returns what it has not begun and finishes what it has', async () => {
    const scene = new Scene();
    const begun = scene.worker.handle(await scene.route({ job_1: routed(plan) }));
    const upstream = await scene.call();
    scene.worker.drain();
    await scene.worker.handle(await scene.route({ job_2: routed(plan) }));
    expect(scene.log.eventsOf('AttemptReturned')).toMatchObject([{ subject: 'job_2' }]);
    expect(scene.worker.hasRoom).toBe(false);
    upstream.end(answer());
    await begun;
    expect(scene.log.eventsOf('JobSucceeded')).toMatchObject([{ subject: 'job_1' }]);
  });
});

describe('a full worker', () => {
  test('has no room for another commit', async () => {
    const scene = new Scene();
    const jobs = Object.fromEntries([1, 2, 3, 4].map((n) => [`job_${n}`, routed(plan)]));
    const handled = scene.worker.handle(await scene.route(jobs));
    await scene.call(3);
    expect(scene.worker.hasRoom).toBe(false);
    scene.calls.forEach(({ end }) => end(answer()));
    await handled;
    expect(scene.worker.hasRoom).toBe(true);
  });
});

describe('a probe that a router asks for', () => {
  test('calls the provider with one token and is in the log, by one of the workers', async () => {
    const scene = new Scene();
    scene.newWorker();
    scene.signals.publish('worker.probe', JSON.stringify({ provider: 'a', key: 'main', model: 'm' }));
    await waitFor(() => scene.calls.length === 1);
    expect(JSON.parse(Buffer.from(scene.calls[0]!.request.body).toString())).toMatchObject({ model: 'm', max_tokens: 1 });
    scene.calls[0]!.end(answer());
    await waitFor(async () => (await scene.log.lastOf('events.job.0.attempted')) !== null);
    const commit = await scene.log.lastOf('events.job.0.attempted');
    expect(commit!.events).toMatchObject([{
      type: 'ProviderProbed', subject: 'a/main m', tenant: 'system',
      data: { attempt: { provider: 'a', outcome: 'succeeded', routing: 0 } },
    }]);
    expect(scene.calls).toHaveLength(1);
  });
});
