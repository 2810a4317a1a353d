// Rules of holds whose call's end nobody learned: given up, settled by a bill, heard of after all.
import { describe, expect, test } from '@jest/globals';
import type { Catalogue } from '@libs/events/catalogue';
import type { AnyEvent } from '@libs/events/envelope';
import { bookOf, holdsOf } from './book';
import { decide } from './decide';
import {
  attempt, cutAttempt, event, fold, jobId, phases, routedEvent, startMs, submission, successOf,
} from './spec-builders';
import type { JobState } from './state';
import { callsOf } from './unknown-calls';
import { viewOf } from './view';

const cut = (routing: number, id: string | null): AnyEvent => event('AttemptAbandoned', {
  routing, attempt: id === null ? null : cutAttempt(id, routing), reason: 'redelivered', content_sent: false,
});
const nameless = (): JobState => fold([cut(1, null)], phases.running());
const named = (): JobState => fold([cut(1, 'att_1')], phases.running());
const heard = (id: string, cost = '200'): AnyEvent =>
  event('JobSucceeded', successOf(1, attempt(id, 1, { cost_pico_usd: cost })));

function ask(
  state: JobState, attemptId: string, what: Partial<Catalogue['HoldReconcileRequested']> = {},
): ReturnType<typeof decide> {
  const asked = { attempt_id: attemptId, action: 'settle', actor: 'admin', reason: 'bill', ...what } as const;
  return decide(state, { type: 'AnswerHold', asked, request: 'r1', seen: 7, nowMs: startMs + 1_000 });
}
function answered(state: JobState, attemptId: string, what: Partial<Catalogue['HoldReconcileRequested']>): JobState {
  const decision = ask(state, attemptId, what);
  if (!decision.ok) throw new Error(decision.reason);
  return fold(decision.events, state);
}
const money = (state: JobState): string => {
  const { bookedPicoUsd, heldPicoUsd, bookedAttempts } = bookOf([state]);
  return `${bookedPicoUsd} booked in ${bookedAttempts}, ${heldPicoUsd} held`;
};

describe('a hold of unknown end', () => {
  test('is settled by what the bill says, once, and shown as such', () => {
    const settled = answered(named(), 'att_1', { cost_pico_usd: '321' });
    expect(money(settled)).toBe('321 booked in 1, 0 held');
    expect(viewOf(settled).attempts).toMatchObject([
      { attempt_id: 'att_1', outcome: 'unknown', cost_usd: '0.000000000321', reconciled: true },
    ]);
    expect(ask(settled, 'att_1', { cost_pico_usd: '1' })).toEqual({ ok: false, reason: 'hold_closed' });
  });

  test('is settled by usage at the price of its routing', () => {
    const usage = { input_tokens: 10, cached_input_tokens: 0, cache_write_tokens: 0, output_tokens: 5, reasoning_tokens: 0 };
    const decision = ask(named(), 'att_1', { usage });
    expect(decision).toMatchObject({ ok: true, events: [{
      type: 'HoldReconciled',
      data: { routing: 1, cost_pico_usd: '200', amount_pico_usd: '1000', seen: 7, now_ms: startMs + 1_000, request: 'r1' },
    }] });
  });

  test('of a routing without a price needs the cost itself', () => {
    const state = fold([
      event('JobSubmitted', submission()),
      { ...routedEvent(1), data: { ...(routedEvent(1).data as Catalogue['JobRouted']), hold: null, plan: [{ provider: 'p', key: 'k', model: 'm', price: null, drop: [] }] } } as AnyEvent,
      cut(1, null),
    ]);
    const usage = { input_tokens: 1, cached_input_tokens: 0, cache_write_tokens: 0, output_tokens: 1, reasoning_tokens: 0 };
    expect(ask(state, 'unknown:1', { usage })).toEqual({ ok: false, reason: 'price_unknown' });
    expect(money(answered(state, 'unknown:1', { cost_pico_usd: '5' }))).toBe('5 booked in 1, 0 held');
  });

  test('whose call has no name is booked under an id of its own, until the call is heard of', () => {
    const settled = answered(nameless(), 'unknown:1', { cost_pico_usd: '321' });
    expect(settled.attempts).toMatchObject([{ attempt_id: `unknown:${jobId}:1`, outcome: 'unknown', reconciled: true }]);
    expect(viewOf(settled).attempts).toMatchObject([{ attempt_id: 'unknown:1' }]);
    expect(money(settled)).toBe('321 booked in 1, 0 held');
    const late = fold([heard('att_1')], settled);
    expect(late.attempts.map(({ attempt_id: id }) => id)).toEqual(['att_1']);
    expect(money(late)).toBe('200 booked in 1, 0 held');
  });

  test('that was settled is not booked again by an end that tells no cost', () => {
    const settled = answered(nameless(), 'unknown:1', { cost_pico_usd: '321' });
    const again = fold([cut(1, 'att_1')], settled);
    expect(money(again)).toBe('321 booked in 1, 0 held');
    expect(money(fold([heard('att_1')], again))).toBe('200 booked in 1, 0 held');
  });

  test('that was settled is corrected by the word of the call itself', () => {
    const settled = answered(named(), 'att_1', { cost_pico_usd: '321' });
    expect(money(fold([heard('att_1')], settled))).toBe('200 booked in 1, 0 held');
  });

  test('is written off with what was held, and booked all the same by a late word', () => {
    const decision = ask(nameless(), 'unknown:1', { action: 'write_off' });
    expect(decision).toMatchObject({ ok: true, events: [{
      type: 'HoldWrittenOff',
      data: { routing: 1, reason: 'bill', attempt_id: null, amount_pico_usd: '1000', actor: 'admin', request: 'r1' },
    }] });
    const off = answered(nameless(), 'unknown:1', { action: 'write_off' });
    expect(money(off)).toBe('0 booked in 0, 0 held');
    expect(ask(off, 'unknown:1', { action: 'write_off' })).toEqual({ ok: false, reason: 'hold_closed' });
    expect(money(fold([heard('att_1')], off))).toBe('200 booked in 1, 0 held');
  });

  test('that was written off is still settled by a bill that comes late', () => {
    const off = answered(named(), 'att_1', { action: 'write_off' });
    expect(money(answered(off, 'att_1', { cost_pico_usd: '321' }))).toBe('321 booked in 1, 0 held');
  });

  test('heard of before the answer to a request is what its call says', () => {
    const decision = ask(nameless(), 'unknown:1', { cost_pico_usd: '321' });
    const state = fold(decision.ok ? decision.events : [], fold([heard('att_1')], nameless()));
    expect(money(state)).toBe('200 booked in 1, 0 held');
  });

  test('of a hedged routing is settled call by call', () => {
    const routed = routedEvent(1).data as Catalogue['JobRouted'];
    const state = fold([
      event('JobSubmitted', submission()), event('JobRouted', { ...routed, hedge: { after_ms: 1, candidate: 0 } }),
      event('JobFailed', {
        routing: 1, attempts: [cutAttempt('att_1', 1), cutAttempt('att_2', 1)], status: 502, result: null,
        error: { class: 'stalled', status: null, message: 'no' },
      }),
    ]);
    expect(state.unknownRoutings.flatMap((entry) => callsOf(state, entry)))
      .toMatchObject([{ attempt: 'att_1', holdPicoUsd: '500' }, { attempt: 'att_2', holdPicoUsd: '500' }]);
    const one = answered(state, 'att_2', { cost_pico_usd: '30' });
    expect(money(one)).toBe('30 booked in 1, 500 held');
    expect(holdsOf(answered(one, 'att_1', { cost_pico_usd: '40' }))).toEqual([]);
  });

  test('is not found where none ever was', () => {
    expect(ask(nameless(), 'unknown:2', { cost_pico_usd: '1' })).toEqual({ ok: false, reason: 'no_such_hold' });
    expect(ask(phases.running(), 'unknown:1', { action: 'write_off' })).toEqual({ ok: false, reason: 'no_such_hold' });
    expect(ask(phases.settled(), 'att_1', { action: 'write_off' })).toEqual({ ok: false, reason: 'hold_closed' });
  });
});
