// A job whose stream broke behind content: what is kept of it, and when it may be routed again.
import { describe, expect, test } from '@jest/globals';
import type { Catalogue } from '@libs/events/catalogue';
import type { AnyEvent } from '@libs/events/envelope';
import { continuingOf } from './continuing';
import { decideRouting } from './decide-routing';
import {
  attempt, cutAttempt, event, fold, ref, routeCommand, routedEvent, submission, successOf,
} from './spec-builders';
import type { JobState } from './state';
import { viewOf } from './view';

const stream = event('JobSubmitted', submission({ mode: 'stream' }));

function broke(
  routing: number, continued: { chars: number; next: number } | null,
  changes: Partial<Catalogue['AttemptAbandoned']> = {},
): AnyEvent {
  return event('AttemptAbandoned', {
    routing, attempt: cutAttempt(`att_${routing}`, routing), reason: 'connection_lost', content_sent: true,
    ...(continued === null ? {} : {
      continuation: { stream: 'att_1', next_index: continued.next, answer: ref, chars: continued.chars },
    }),
    ...changes,
  });
}

const once = [stream, routedEvent(1), broke(1, { chars: 12, next: 4 })];
const decide = (job: JobState): ReturnType<typeof decideRouting> => decideRouting(job, routeCommand());

describe('a stream that was handed back', () => {
  test('is routed again, with what its client has and where that stands', () => {
    const decision = decide(fold(once));
    expect(decision).toMatchObject({
      ok: true,
      events: [{
        type: 'JobRouted',
        data: { routing: 2, continues: { stream: 'att_1', next_index: 4, answer: ref, at: { sequence: 3, line: 0 } } },
      }],
    });
  });

  test('is not routed again without being handed back', () => {
    const job = fold([stream, routedEvent(1), broke(1, null)]);
    expect(continuingOf(job)).toBeNull();
    expect(decide(job)).toEqual({ ok: false, reason: 'content_already_sent' });
  });

  test('is not gone on with by a job that nobody streams', () => {
    const job = fold([event('JobSubmitted', submission({ mode: 'async' })), routedEvent(1), broke(1, { chars: 1, next: 1 })]);
    expect(continuingOf(job)).toBeNull();
    expect(decide(job)).toMatchObject({ ok: true, events: [{ data: { routing: 2 } }] });
    expect(JSON.stringify(decide(job))).not.toContain('"continues"');
  });

  test('goes on from further on when it breaks again, three times at most', () => {
    const events = [...once];
    for (const routing of [2, 3, 4]) {
      expect(decide(fold(events)).ok).toBe(true);
      events.push(routedEvent(routing), broke(routing, { chars: routing * 20, next: routing * 5 }));
    }
    const job = fold(events);
    expect(job.continuing).toMatchObject({ nextIndex: 20, at: { sequence: 9 }, stream: 'att_1' });
    expect(decide(job)).toEqual({ ok: false, reason: 'content_already_sent' });
  });

  test('is gone on with from the same place when the next attempt said nothing', () => {
    const silent = broke(2, null, { content_sent: false, reason: 'first_token_timeout' });
    const job = fold([...once, routedEvent(2), silent]);
    expect(continuingOf(job)).toMatchObject({ nextIndex: 4, seams: [{ afterChars: 12, broken: 'att_1' }] });
    expect(continuingOf(fold([...once, routedEvent(2), event('AttemptReturned', { routing: 2, reason: 'd' })])))
      .toMatchObject({ nextIndex: 4 });
  });

  test('is lost when nobody knows how much more of it was sent', () => {
    const gone = broke(2, null, { attempt: null, reason: 'redelivered', content_sent: false });
    expect(decide(fold([...once, routedEvent(2), gone]))).toEqual({ ok: false, reason: 'content_already_sent' });
    const more = broke(2, null, { reason: 'malformed_response' });
    expect(decide(fold([...once, routedEvent(2), more]))).toEqual({ ok: false, reason: 'content_already_sent' });
    // Two routings at once share the stream.
    expect(continuingOf(fold([...once, routedEvent(2), routedEvent(3)]))).toBeNull();
  });

  test('is not taken from a routing that does not run any more', () => {
    const late = broke(1, { chars: 9, next: 9 });
    expect(fold([stream, routedEvent(1), routedEvent(2), late]).continuing).toBeUndefined();
  });
});

describe('the view of a job', () => {
  test('shows where which attempt went on', () => {
    const answered = event('JobSucceeded', successOf(3, attempt('att_3', 3)));
    const job = fold([...once, routedEvent(2), broke(2, { chars: 30, next: 9 }), routedEvent(3), answered]);
    expect(viewOf(job).continued).toEqual([
      { after_chars: 12, attempt_id: 'att_2' }, { after_chars: 30, attempt_id: 'att_3' },
    ]);
    expect(viewOf(fold(once)).continued).toEqual([{ after_chars: 12, attempt_id: null }]);
  });

  test('of one piece says nothing of it', () => {
    const answered = event('JobSucceeded', successOf(1, attempt('att_1', 1)));
    expect(Object.keys(viewOf(fold([stream, routedEvent(1), answered])))).not.toContain('continued');
  });
});
