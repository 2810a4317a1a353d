// The next routing of a stream that broke: only targets that can go on with it, and the same again
// when the decision is made again.
import { describe, expect, test } from '@jest/globals';
import type { Catalogue } from '@libs/events/catalogue';
import type { DraftOf, EventDraft } from '@libs/events/envelope';
import { decideAgain } from './decide-again';
import {
  abandoned, attemptOf, governed, given, ownedPartition, type Partition, providerConfigured, routedOf, run,
  submitted,
} from './routing-for-specs';
import { newWorld } from './world';

function route(changes: Partial<Catalogue['RouteConfigured']>): DraftOf<'RouteConfigured'> {
  return {
    type: 'RouteConfigured', subject: 'chat', tenant: '',
    data: {
      model: 'chat', strategy: 'priority', drop_params: false, origin: 'api', continue_on_break: true,
      targets: ['one', 'two', 'three'].map((provider) => ({ provider, model: 'gpt-4o', weight: 1 })),
      fallbacks: { default: [], context_too_long: [], content_filter: [] }, ...changes,
    },
  };
}

function partition(
  changes: Partial<Catalogue['RouteConfigured']> = {}, continues: readonly string[] = ['three'],
): Partition {
  return ownedPartition(governed(
    ...['one', 'two', 'three'].map((id) => providerConfigured(
      id, continues.includes(id) ? { continues: 'assistant' } : {},
    )),
    route(changes),
  ));
}

const streamed = submitted('job_1', { model: 'chat', mode: 'stream' });

function handedBack(routed: DraftOf<'JobRouted'>, next: number): DraftOf<'AttemptAbandoned'> {
  const { data, ...draft } = abandoned(routed, true);
  const continuation = {
    stream: 'att_first', next_index: next, answer: { sha256: 'p', bytes: 1, where: 'line' as const }, chars: 9,
  };
  return { ...draft, data: { ...data, attempt: attemptOf(routed, { outcome: 'unknown' }), continuation } };
}

/** Routes the job, breaks its stream, and gives what is decided then. */
function afterBreak(on: Partition, next = 3): EventDraft[] {
  given(on, streamed);
  const [first] = routedOf(run(on));
  given(on, handedBack(first!, next));
  return run(on);
}

describe('a stream that broke on a route that continues', () => {
  test('is routed to those alone that can go on with it; the others are named', () => {
    const [routed] = routedOf(afterBreak(partition()));
    expect(routed?.data.plan.map(({ provider }) => provider)).toEqual(['three']);
    expect(routed?.data.continues).toMatchObject({ stream: 'att_first', next_index: 3 });
    expect(routed?.data.continue_on_break).toBe(true);
    expect(routed?.data.reasons.filter(({ verdict }) => verdict === 'passed_over')).toMatchObject(
      ['one', 'two'].map((provider) => ({ provider, reason: 'cannot go on with an answer that has begun' })),
    );
  });

  test('goes to another target before the one that broke', () => {
    const [routed] = routedOf(afterBreak(partition({}, ['one', 'three'])));
    expect(routed?.data.plan.map(({ provider }) => provider)).toEqual(['three', 'one']);
  });

  test('has no second call beside it', () => {
    const hedged = partition({ hedge: { percent: 100, after_ms: 5 } }, ['one', 'two', 'three']);
    given(hedged, streamed);
    const [first] = routedOf(run(hedged));
    expect(first?.data.hedge).toBeDefined();
    given(hedged, handedBack(first!, 3));
    expect(routedOf(run(hedged))[0]?.data.hedge).toBeUndefined();
  });

  test('fails when none can go on with it', () => {
    expect(afterBreak(partition({}, []))).toMatchObject([{
      type: 'JobRejected', data: { reason: 'all_candidates_failed', status: 503 },
    }]);
  });

  test('fails when the bound of continuations is reached', () => {
    const on = partition();
    given(on, streamed);
    const providers: string[] = [];
    let last: EventDraft[] = run(on);
    for (let next = 1; routedOf(last).length > 0; next += 1) {
      const [routed] = routedOf(last);
      providers.push(routed!.data.plan[0]!.provider);
      given(on, handedBack(routed!, next));
      last = run(on);
    }
    expect(providers).toEqual(['one', 'three', 'three', 'three']);
    expect(last).toMatchObject([{ type: 'JobRejected', data: { reason: 'all_candidates_failed' } }]);
  });

  test('is decided the same when the decision is made again', () => {
    const on = partition();
    given(on, streamed);
    given(on, handedBack(routedOf(run(on))[0]!, 3));
    const world = { ...newWorld(1), governance: on.governance, load: on.load };
    const nowMs = on.nowMs;
    const remade = decideAgain(world, on.state, { job: 'job_1', seen: on.sequence, nowMs, overlay: {}, reserved: [] });
    expect(remade).toMatchObject({ type: 'JobRouted', data: run(on)[0]!.data });
  });
});

describe('what is not asked for', () => {
  test('is in no routing: neither on other routes nor for callers without a stream', () => {
    const plain = partition({ continue_on_break: false });
    given(plain, streamed);
    expect(routedOf(run(plain))[0]?.data).not.toHaveProperty('continue_on_break');
    const asked = partition();
    given(asked, submitted('job_1', { model: 'chat' }));
    expect(routedOf(run(asked))[0]?.data).not.toHaveProperty('continue_on_break');
  });
});
