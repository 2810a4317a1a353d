// A late call with a second one beside it, over scripted providers and a pause that ends on request.
import { describe, expect, test } from '@jest/globals';
import { type AttemptRecord } from '@libs/events/attempts';
import { type Catalogue } from '@libs/events/catalogue';
import { type UpstreamOutcome } from '../providers/outcome';
import { answer, candidate, failure, routed, usage } from './test-jobs';
import { type StopReason, type Walked } from './walk-end';
import { walkPlan } from './walk-plan';
import { type NamedCall } from './walk-ports';

/** A call under way; what it says of content is passed on when it may. */
interface Call extends NamedCall {
  readonly say: (text: string) => void;
  readonly end: (outcome: UpstreamOutcome) => void;
}

class Scene {
  readonly calls: Call[] = [];
  readonly passed: string[] = [];
  readonly told: AttemptRecord[] = [];
  readonly pauses: number[] = [];
  readonly closed: string[] = [];
  readonly walked: Promise<Walked>;
  /** Lets the time of the hedge pass. */
  late: () => void = () => undefined;
  /** What a call comes to that is ended from outside. */
  whenEnded: UpstreamOutcome = failure('canceled', { status: null, mayHaveCost: true });
  #stop: StopReason | null = null;
  #clock = 1_000;
  #ids = 0;

  constructor(job: Catalogue['JobRouted']) {
    this.walked = walkPlan(job, {
      now: () => (this.#clock += 1),
      newAttemptId: () => `att_${(this.#ids += 1)}`,
      isClosed: ({ provider }) => this.closed.includes(provider),
      stopReason: () => this.#stop,
      call: (named) => this.#call(named),
      onFailed: (attempt) => this.told.push(attempt),
      pause: (ms, signal) => new Promise((resolve) => {
        this.pauses.push(ms);
        this.late = resolve;
        signal?.addEventListener('abort', () => resolve(), { once: true });
      }),
    });
  }

  /** Ends everything, as the job's own signal does. */
  async stop(why: StopReason): Promise<void> {
    this.#stop = why;
    this.late();
    for (const { end } of this.calls) end(this.whenEnded);
    await settle();
  }

  names(): string[] {
    return this.calls.map(({ candidate: { provider } }) => provider);
  }

  #call(named: NamedCall): Promise<UpstreamOutcome> {
    return new Promise((end) => {
      const say = (text: string): void => {
        if (named.beside?.wins() !== false) this.passed.push(text);
      };
      named.beside?.signal.addEventListener('abort', () => end(this.whenEnded));
      this.calls.push({ ...named, say, end });
    });
  }
}

const [a, b, c] = [candidate('a'), candidate('b'), candidate('c')];
const hedged = routed([a, b, c], { hedge: { after_ms: 200, candidate: 1 } });

/** Lets everything run that waits for nothing from outside. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A scene whose first call is late, so that the second has begun. */
async function bothRun(job = hedged): Promise<{ scene: Scene; first: Call; second: Call }> {
  const scene = new Scene(job);
  scene.late();
  await settle();
  const [first, second] = scene.calls;
  return { scene, first: first!, second: second! };
}

describe('a first call that answers in time', () => {
  test('has no second one beside it', async () => {
    const scene = new Scene(hedged);
    expect(scene.pauses).toEqual([200]);
    scene.calls[0]!.end(answer());
    const { end, attempts } = await scene.walked;
    expect(scene.names()).toEqual(['a']);
    expect(end).toMatchObject({ kind: 'succeeded', candidate: a });
    expect(attempts).toMatchObject([{ attempt_id: 'att_1', outcome: 'succeeded' }]);
    expect(attempts[0]).not.toHaveProperty('hedge');
  });
  test('with its first content has none either, however long the rest takes', async () => {
    const scene = new Scene(hedged);
    scene.calls[0]!.say('one');
    scene.late();
    await settle();
    scene.calls[0]!.say('two');
    scene.calls[0]!.end(answer());
    await scene.walked;
    expect(scene.names()).toEqual(['a']);
    expect(scene.passed).toEqual(['one', 'two']);
  });
  test('with a failure is followed by the next candidate as ever, which is not hedged', async () => {
    const scene = new Scene(hedged);
    scene.calls[0]!.end(failure('server_error'));
    await settle();
    expect(scene.names()).toEqual(['a', 'b']);
    expect(scene.calls[1]!.beside).toBeNull();
    scene.calls[1]!.end(answer());
    const { attempts } = await scene.walked;
    expect(scene.told).toMatchObject([{ provider: 'a', outcome: 'failed' }]);
    expect(attempts[1]).not.toHaveProperty('hedge');
  });
});

describe('a first call that is late', () => {
  test('loses against a second one that answers before it, and is ended', async () => {
    const { scene, first, second } = await bothRun();
    expect(scene.names()).toEqual(['a', 'b']);
    second.end(answer());
    const { end, attempts } = await scene.walked;
    expect(first.beside?.signal.aborted).toBe(true);
    expect(end).toMatchObject({ kind: 'succeeded', candidate: b });
    expect(attempts).toMatchObject([
      { attempt_id: 'att_1', provider: 'a', outcome: 'unknown', cost_pico_usd: null, late: 'answer' },
      { attempt_id: 'att_2', provider: 'b', outcome: 'succeeded', hedge: true },
    ]);
    expect(attempts[0]).not.toHaveProperty('hedge');
    expect(scene.told).toEqual([]);
  });
  test('wins when it answers first after all; the second is recorded before it', async () => {
    const { scene, first, second } = await bothRun();
    first.end(answer());
    const { end, attempts } = await scene.walked;
    expect(second.beside?.signal.aborted).toBe(true);
    expect(end).toMatchObject({ kind: 'succeeded', candidate: a });
    expect(attempts).toMatchObject([
      { attempt_id: 'att_2', provider: 'b', outcome: 'unknown', hedge: true },
      { attempt_id: 'att_1', provider: 'a', outcome: 'succeeded' },
    ]);
    expect(attempts[0]).not.toHaveProperty('late');
  });
  test('is canceled, not unknown, when it cannot have cost', async () => {
    const { scene, second } = await bothRun();
    scene.whenEnded = failure('canceled', { status: null });
    second.end(answer());
    const { attempts } = await scene.walked;
    expect(attempts[0]).toMatchObject({ provider: 'a', outcome: 'canceled', usage: null });
  });
  test('that answers in the same moment as the second is booked, but is no second answer', async () => {
    const { scene, first, second } = await bothRun();
    second.end(answer('{"b":1}'));
    first.end(answer('{"a":1}'));
    const { end, attempts } = await scene.walked;
    expect(end).toMatchObject({ kind: 'succeeded', candidate: b, answer: { body: '{"b":1}' } });
    expect(attempts).toMatchObject([
      { provider: 'a', outcome: 'canceled', usage, cost_pico_usd: '35' },
      { provider: 'b', outcome: 'succeeded', cost_pico_usd: '35' },
    ]);
  });
});

describe('a stream with a second call beside it', () => {
  test('is made from the one whose content comes first, the other adds nothing', async () => {
    const { scene, first, second } = await bothRun();
    second.say('b1');
    first.say('a1');
    second.say('b2');
    first.say('a2');
    second.end(answer());
    const { end } = await scene.walked;
    expect(scene.passed).toEqual(['b1', 'b2']);
    expect(end).toMatchObject({ kind: 'succeeded', candidate: b });
  });
  test('goes on with the first one when that has content before the second', async () => {
    const { scene, first, second } = await bothRun();
    first.say('a1');
    second.say('b1');
    first.end(answer());
    const { attempts } = await scene.walked;
    expect(scene.passed).toEqual(['a1']);
    expect(attempts.map(({ provider }) => provider)).toEqual(['b', 'a']);
  });
  test('that breaks after its content is abandoned, with the other one written down', async () => {
    const { scene, second } = await bothRun();
    second.say('b1');
    await settle();
    second.end(failure('connection_lost', { mayHaveCost: true, contentSent: true }));
    const { end } = await scene.walked;
    expect(end).toMatchObject({
      kind: 'abandoned', contentSent: true, attempt: { provider: 'b', outcome: 'unknown' },
    });
    expect(scene.told).toMatchObject([{ provider: 'a', outcome: 'unknown' }]);
    expect(scene.names()).toEqual(['a', 'b']);
  });
});

describe('a failure while both run', () => {
  test('of the first leaves it to the second, and is told at once', async () => {
    const { scene, first, second } = await bothRun();
    first.end(failure('server_error'));
    await settle();
    expect(scene.told).toMatchObject([{ attempt_id: 'att_1', outcome: 'failed' }]);
    expect(scene.names()).toEqual(['a', 'b']);
    second.end(answer());
    const { end, attempts } = await scene.walked;
    expect(end).toMatchObject({ kind: 'succeeded', candidate: b });
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['failed', 'succeeded']);
    expect(scene.told).toHaveLength(1);
  });
  test('of the second leaves it to the first', async () => {
    const { scene, first, second } = await bothRun();
    second.end(failure('rate_limited'));
    await settle();
    first.end(answer());
    const { attempts } = await scene.walked;
    expect(attempts).toMatchObject([
      { provider: 'b', outcome: 'failed', hedge: true }, { provider: 'a', outcome: 'succeeded' },
    ]);
  });
  test('that may have cost is unknown, and the job succeeds by the other one', async () => {
    const { scene, first, second } = await bothRun();
    first.end(failure('first_token_timeout', { mayHaveCost: true, status: null }));
    await settle();
    expect(scene.told).toEqual([]);
    second.end(answer());
    const { end, attempts } = await scene.walked;
    expect(end.kind).toBe('succeeded');
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['unknown', 'succeeded']);
  });
  test('of both goes on with what remains, each told once', async () => {
    const { scene, first, second } = await bothRun();
    second.end(failure('server_error'));
    first.end(failure('connect_failed'));
    await settle();
    expect(scene.names()).toEqual(['a', 'b', 'c']);
    scene.calls[2]!.end(answer());
    const { attempts } = await scene.walked;
    expect(scene.told.map(({ provider }) => provider).sort()).toEqual(['a', 'b']);
    expect(attempts.map(({ provider }) => provider)).toEqual(['a', 'b', 'c']);
  });
  test('of both, with nothing left, exhausts the plan with the words of both', async () => {
    const { scene, first, second } = await bothRun(
      routed([a, b], { hedge: { after_ms: 200, candidate: 1 } }),
    );
    first.end(failure('overloaded'));
    second.end(failure('rate_limited'));
    expect((await scene.walked).end).toMatchObject({
      kind: 'exhausted',
      errors: [
        { provider: 'a', error: { class: 'overloaded' } },
        { provider: 'b', error: { class: 'rate_limited' } },
      ],
    });
  });
  test('of both is abandoned when one of them may have cost', async () => {
    const { scene, first, second } = await bothRun();
    first.end(failure('stalled', { mayHaveCost: true }));
    second.end(failure('server_error'));
    const { end } = await scene.walked;
    expect(end).toMatchObject({ kind: 'abandoned', attempt: { provider: 'a', outcome: 'unknown' } });
    expect(scene.told).toMatchObject([{ provider: 'b', outcome: 'failed' }]);
  });
  test('of both that may have cost writes down each of them', async () => {
    const { scene, first, second } = await bothRun();
    first.end(failure('stalled', { mayHaveCost: true }));
    second.end(failure('total_timeout', { mayHaveCost: true }));
    const { end } = await scene.walked;
    expect(end).toMatchObject({ kind: 'abandoned', attempt: { provider: 'b', outcome: 'unknown' } });
    expect(scene.told).toMatchObject([{ provider: 'a', outcome: 'unknown' }]);
  });
  test("of both is the client's own when one of them says so", async () => {
    const { scene, first, second } = await bothRun();
    first.end(failure('server_error'));
    second.end(failure('invalid_request', { status: 422, body: '{"error":{}}' }));
    const { end, attempts } = await scene.walked;
    expect(end).toMatchObject({ kind: 'refused', body: '{"error":{}}', error: { status: 422 } });
    expect(attempts).toHaveLength(2);
  });
});

describe('a job that is stopped', () => {
  const why = { kind: 'canceled', by: 'client' } as const;
  test('while both run ends both', async () => {
    const { scene } = await bothRun();
    await scene.stop(why);
    const { end, attempts } = await scene.walked;
    expect(end).toEqual({ kind: 'stopped', why });
    expect(attempts).toMatchObject([
      { provider: 'a', outcome: 'unknown' }, { provider: 'b', outcome: 'unknown', hedge: true },
    ]);
  });
  test('before the second starts has no second call', async () => {
    const scene = new Scene(hedged);
    await scene.stop(why);
    expect((await scene.walked).end).toEqual({ kind: 'stopped', why });
    expect(scene.names()).toEqual(['a']);
  });
});

describe('no second call is made', () => {
  test('at a candidate that the health broadcast shows closed', async () => {
    const scene = new Scene(hedged);
    scene.closed.push('b');
    scene.late();
    await settle();
    scene.calls[0]!.end(answer());
    await scene.walked;
    expect(scene.names()).toEqual(['a']);
  });
  test.each([
    ['where the first one is that candidate', { hedge: { after_ms: 1, candidate: 0 } }],
    ['at a candidate that the plan does not have', { hedge: { after_ms: 1, candidate: 9 } }],
    ['where the route allows one call in all', {
      hedge: { after_ms: 1, candidate: 1 }, retries: { same_target: 0, attempts_max: 1 },
    }],
  ])('%s', async (_, change) => {
    const scene = new Scene(routed([a, b], change));
    expect(scene.pauses).toEqual([]);
    expect(scene.calls[0]!.beside).toBeNull();
    scene.calls[0]!.end(answer());
    expect((await scene.walked).end.kind).toBe('succeeded');
  });
});
