// A stream that breaks on a route that continues: what workers hand back, and how one goes on with it,
// over a log and signals in memory and a scripted provider.
import { afterEach, describe, expect, test } from '@jest/globals';
import { keysForSpecs } from '@libs/content-keys/keys-for-specs';
import { Registry } from 'prom-client';
import { type Catalogue } from '@libs/events/catalogue';
import { type EventDraft, stamp } from '@libs/events/envelope';
import { inlineContent, sha256Hex } from '@libs/log/content';
import { InMemoryLog } from '@libs/log/in-memory-log';
import { type DeltasAnswer } from '@libs/signals/ask-messages';
import { InMemorySignalBus, InMemorySignals } from '@libs/signals/in-memory-signals';
import { decodeReplies, type DeltaReply, type ReplyMessage } from '@libs/signals/reply-messages';
import { signalSubjects } from '@libs/signals/signals';
import { Secret } from '@libs/settings/secret';
import { newEventId } from '@libs/telemetry/ids';
import { waitFor } from '@libs/test-kit/wait-for';
import { type UpstreamOutcome, type UpstreamRequest } from './providers/outcome';
import { answer, candidate, failure, routed } from './run-attempts/test-jobs';
import { givenGovernance, provider } from './shared/test-governance';
import { Worker } from './worker';

interface Call {
  readonly provider: string;
  readonly request: UpstreamRequest;
  readonly say: (content: string, more?: object) => void;
  readonly end: (outcome: UpstreamOutcome) => void;
}

const plainBody = '{"model":"chat","stream":true,"messages":[{"role":"user","content":"q"}]}';
const workers: Worker[] = [];
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.close()));
});

class Scene {
  readonly log = new InMemoryLog();
  readonly bus = new InMemorySignalBus();
  readonly calls: Call[] = [];
  readonly replies: ReplyMessage[] = [];
  readonly worker = this.newWorker();

  constructor(readonly body = plainBody) {
    new InMemorySignals(this.bus).subscribe('reply.ing', (text, _, respond) => {
      this.replies.push(...decodeReplies(text));
      respond?.('ok');
    });
  }

  newWorker(): Worker {
    const known = ['a', 'b', 'never'].map((id) => provider(
      id, 'http://127.0.0.1:9', id === 'never' ? {} : { continues: 'assistant' },
    ));
    const worker = new Worker({
      keys: keysForSpecs(),
      instance: 'w1', log: this.log, signals: new InMemorySignals(this.bus),
      governance: givenGovernance({ providers: new Map(known.map((one) => [one.provider, one])) }),
      registry: new Registry(), capacity: 4, webhookCapacity: 2, bodiesMaxBytes: 1024 * 1024,
      masterKey: new Secret('master'), publicUrl: null, now: () => Date.now(),
      proxy: { httpProxy: null, httpsProxy: null, noProxy: null },
      callProvider: ({ providerId }, request, onDelta) => new Promise((end) => {
        const say: Call['say'] = (content, more = {}) => onDelta({
          event: null, content: true,
          data: JSON.stringify({ id: `c_${providerId}`, choices: [{ index: 0, delta: { content }, ...more }] }),
        });
        this.calls.push({ provider: providerId, request, say, end });
      }),
    });
    workers.push(worker);
    return worker;
  }

  /** Runs one routing of a streamed job; it ends when the returned promise does. */
  async route(
    providers: readonly string[], change: Partial<Catalogue['JobRouted']> = {}, worker = this.worker,
  ): Promise<unknown> {
    const base = routed(providers.map((id) => candidate(id)));
    const draft: EventDraft = {
      type: 'JobRouted', subject: 'job_1', tenant: 't',
      data: {
        ...base, call: { ...base.call, stream: true }, continue_on_break: true,
        body: { sha256: sha256Hex(this.body), bytes: this.body.length, where: 'line' }, ...change,
      },
    };
    const entry = { events: [stamp(draft, newEventId(), Date.now())], content: inlineContent(this.body)!.lines };
    const { sequence } = await this.log.append('events.job.0.routed', entry);
    const commit = (await this.log.readAt(sequence))!;
    return worker.handle({ commit, deliveryCount: 1, mayHaveRunBefore: false, working: () => undefined });
  }

  call(index: number): Promise<Call> {
    return waitFor(() => this.calls[index]);
  }

  abandoned(): Catalogue['AttemptAbandoned'][] {
    return this.log.eventsOf('AttemptAbandoned').map(({ data }) => data);
  }

  /** As the router would say it of the last break. */
  continues(): NonNullable<Catalogue['JobRouted']['continues']> {
    const { stream, next_index, answer: ref } = this.abandoned().at(-1)!.continuation!;
    return { stream, next_index, answer: ref, at: { sequence: this.log.commits.length, line: 0 } };
  }

  deltas(): DeltaReply[] {
    return this.replies.filter((reply) => reply.kind === 'delta');
  }

  async deltasFrom(attempt: string, from: number): Promise<DeltasAnswer> {
    const signals = new InMemorySignals(this.bus);
    return JSON.parse(
      await signals.request(signalSubjects.deltas('job_1'), JSON.stringify({ attempt, from }), 500),
    ) as DeltasAnswer;
  }
}

const lost = failure('connection_lost', { mayHaveCost: true, contentSent: true, status: 200 });
const finished = (content: string): UpstreamOutcome => answer(JSON.stringify({
  id: 'c_b', choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
}));

/** The first provider says two pieces and breaks. */
async function broken(scene: Scene, outcome = lost): Promise<void> {
  const running = scene.route(['a', 'b']);
  const call = await scene.call(0);
  call.say('One ');
  call.say('two ');
  call.end(outcome);
  await running;
}

describe('a stream of plain text that breaks', () => {
  test('is handed back with its text, and nobody is told of an error', async () => {
    const scene = new Scene();
    await broken(scene);
    const [{ continuation, content_sent: sent, attempt }] = scene.abandoned() as [Catalogue['AttemptAbandoned']];
    expect(sent).toBe(true);
    expect(continuation).toMatchObject({ stream: attempt?.attempt_id, next_index: 2, chars: 8 });
    const commit = (await scene.log.readAt(scene.log.commits.length))!;
    expect(commit.contentLines[0]).toContain('One two ');
    await waitFor(() => scene.deltas().length === 2);
    expect(scene.replies.filter(({ kind }) => kind !== 'delta')).toEqual([]);
  });

  test.each([
    ['on another route', plainBody, lost, false],
    ['of an answer with a form', plainBody.replace('{', '{"response_format":{"type":"json_object"},'), lost, true],
    ['with garbage', plainBody, { ...lost, class: 'malformed_response' as const }, true],
  ] as const)('%s ends with an error, as ever', async (_, body, outcome, continues) => {
    const scene = new Scene(body);
    const running = scene.route(['a'], continues ? {} : { continue_on_break: undefined });
    const call = await scene.call(0);
    call.say('One ');
    call.end(outcome);
    await running;
    expect(scene.abandoned()[0]).not.toHaveProperty('continuation');
    await waitFor(() => scene.replies.some(({ kind }) => kind === 'broken'));
  });
});

describe('a routing that goes on with a stream', () => {
  test('sends its client the rest under the name it knows, and keeps the whole answer', async () => {
    const scene = new Scene();
    await broken(scene);
    const continues = scene.continues();
    const running = scene.route(['b'], { routing: 2, continues });
    const call = await scene.call(1);
    expect(call.request.begun).toEqual({ text: 'One two ', way: 'assistant' });
    call.say('', { delta: { role: 'assistant', content: '' } });
    call.say(' three');
    call.end(finished(' three'));
    await running;
    await waitFor(() => scene.replies.some(({ kind }) => kind === 'result'));
    expect(scene.deltas().map(({ attempt, index }) => [attempt, index]))
      .toEqual([0, 1, 2].map((index) => [continues.stream, index]));
    expect(JSON.parse(scene.deltas()[2]!.data)).toMatchObject({ id: 'c_a', choices: [{ delta: { content: 'three' } }] });
    const [end] = scene.log.eventsOf('JobSucceeded');
    expect(end!.data).toMatchObject({ provider: 'b', stream: continues.stream, attempts: [{ provider: 'b' }] });
    const result = scene.replies.find((reply) => reply.kind === 'result')!;
    expect(result).toMatchObject({ attempt_id: continues.stream });
    expect(JSON.parse(result.body!)).toMatchObject({ id: 'c_a', choices: [{ message: { content: 'One two three' } }] });
  });

  test('hands back all of it when it breaks again', async () => {
    const scene = new Scene();
    await broken(scene);
    const running = scene.route(['b'], { routing: 2, continues: scene.continues() });
    const call = await scene.call(1);
    call.say('three ');
    call.end(lost);
    await running;
    expect(scene.abandoned()[1]!.continuation).toMatchObject({
      stream: scene.abandoned()[0]!.continuation!.stream, next_index: 3, chars: 14,
    });
    const again = scene.route(['a'], { routing: 3, continues: scene.continues() });
    expect((await scene.call(2)).request.begun?.text).toBe('One two three ');
    scene.calls[2]!.end(finished('four'));
    await again;
  });

  test('calls the next candidate when one refuses, and none that cannot go on', async () => {
    const scene = new Scene();
    await broken(scene);
    const running = scene.route(['never', 'a', 'b'], { routing: 2, continues: scene.continues() });
    const refuses = await scene.call(1);
    expect(refuses.provider).toBe('a');
    refuses.end(failure('invalid_request', { status: 400 }));
    const call = await scene.call(2);
    expect(call.provider).toBe('b');
    call.say('three');
    call.end(finished('three'));
    await running;
    await waitFor(() => scene.deltas().length === 3);
    expect(scene.deltas()[2]!.index).toBe(2);
  });

  test('is not read any more when it has ended without an answer', async () => {
    const scene = new Scene();
    await broken(scene);
    const { stream } = scene.continues();
    const running = scene.route(['b'], { routing: 2, continues: scene.continues() });
    const call = await scene.call(1);
    call.say('three');
    call.end({ ...lost, class: 'malformed_response' });
    await running;
    expect(scene.abandoned()[1]).not.toHaveProperty('continuation');
    await waitFor(() => scene.replies.some((reply) => reply.kind === 'broken' && reply.attempt === stream));
    await expect(scene.deltasFrom(stream, 0)).rejects.toThrow();
  });

  test('fails with words when what was said is gone', async () => {
    const scene = new Scene();
    await broken(scene);
    const at = { sequence: 999, line: 0 };
    await scene.route(['b'], { routing: 2, continues: { ...scene.continues(), at } });
    expect(scene.log.eventsOf('JobFailed')[0]!.data.error.message).toContain('gone from the log');
    expect(scene.calls).toHaveLength(1);
  });

  test('gives a reader the whole stream where it began there, else its own part', async () => {
    const scene = new Scene();
    await broken(scene);
    const { stream } = scene.continues();
    // Between the two routings it can be read already.
    expect(await scene.deltasFrom(stream, 0)).toMatchObject({ from: 0, deltas: [{}, {}] });
    const running = scene.route(['b'], { routing: 2, continues: scene.continues() });
    const call = await scene.call(1);
    call.say('three');
    expect(await scene.deltasFrom(stream, 1)).toMatchObject({ attempt: stream, from: 1, deltas: [{}, {}] });
    call.end(finished('three'));
    await running;

    const other = new Scene();
    await broken(other);
    await other.worker.close();
    workers.splice(workers.indexOf(other.worker), 1);
    const second = other.newWorker();
    const later = other.route(['b'], { routing: 2, continues: other.continues() }, second);
    (await other.call(1)).say('three');
    const part = await other.deltasFrom(other.abandoned()[0]!.continuation!.stream, 0);
    expect(part).toMatchObject({ from: 2, deltas: [{}] });
    other.calls[1]!.end(finished('three'));
    await later;
  });
});
