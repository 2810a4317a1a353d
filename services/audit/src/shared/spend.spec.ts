// What is added to the spend: each call once by its id, on the day it stood in the log.
import { describe, expect, it } from '@jest/globals';
import { type AnyEvent } from '@libs/events/envelope';
import { bookOf } from '@libs/jobs/book';
import {
  attempt, cutAttempt, event, failedAttempt, routedEvent, submission, successOf,
} from '@libs/jobs/spec-builders';
import { type JobState } from '@libs/jobs/state';
import { type SpendRow, type SpendRows, type SpendSums } from '@libs/postgres/spend-rows';
import { seededRandom } from '@libs/test-kit/seeded-random';
import { project } from './projector';

const day = 86_400_000;

/** The events in batches of so many, the one after the other on the days given. */
function spendOf(
  story: readonly AnyEvent[], options: { readonly batch?: number; readonly days?: readonly number[] } = {},
): { readonly rows: SpendRows; readonly states: Map<string, JobState> } {
  const { batch = 1, days = [] } = options;
  const states = new Map<string, JobState>();
  const all: SpendRow[] = [];
  const labelled: SpendRows['labelled'][number][] = [];
  for (let from = 0; from < story.length; from += batch) {
    const commits = story.slice(from, from + batch).map((one, at) => ({
      sequence: from + at + 1, appendedAtMs: (days[from + at] ?? 0) * day + 1_000, events: [one],
    }));
    const projection = project(commits, states);
    for (const [id, state] of projection.states) states.set(id, state);
    all.push(...projection.spend.all);
    labelled.push(...projection.spend.labelled);
  }
  return { rows: { all, labelled }, states };
}

const sum = (rows: readonly SpendSums[]): SpendSums => {
  const total = {
    picoUsd: 0n, inputTokens: 0, outputTokens: 0, cachedTokens: 0, requests: 0, failed: 0, calls: 0,
    unknown: 0, resolved: 0,
  };
  for (const row of rows) {
    total.picoUsd += row.picoUsd;
    for (const name of Object.keys(total) as (keyof SpendSums)[]) {
      if (name !== 'picoUsd') total[name] += row[name];
    }
  }
  return total;
};

const billOf = (routing: number): AnyEvent => event('HoldReconciled', {
  routing, attempt_id: `unknown:job_1:${routing}`, provider: 'openai', key: 'main', model: 'gpt-4o',
  usage: null, cost_pico_usd: '900', amount_pico_usd: '1000', actor: 'ann', reason: 'the bill',
});
const born = event('JobSubmitted', submission({ team: 'search', metadata: { purpose: 'test' } }));
const success = event('JobSucceeded', successOf(1, attempt('att_1', 1)));

describe('the spend of a job', () => {
  it('is what its calls cost, at whom it was served by, for whom', () => {
    const { rows } = spendOf([born, routedEvent(1), success]);
    expect(rows.all).toMatchObject([{
      tenant: 'acme', team: 'search', key: 'key-1', provider: 'openai', model: 'gpt-4o',
      picoUsd: 200n, inputTokens: 10, outputTokens: 5, requests: 1, failed: 0, calls: 1, unknown: 0,
    }]);
    expect(rows.labelled).toMatchObject([{ metadata: { purpose: 'test' }, picoUsd: 200n, requests: 1 }]);
  });

  it('is booked once, whatever event tells of the call and however often', () => {
    const again = event('AttemptFailed', { attempt: attempt('att_1', 1) });
    const { rows } = spendOf([born, routedEvent(1), again, success, success, again]);
    expect(sum(rows.all)).toMatchObject({ picoUsd: 200n, calls: 1, requests: 1 });
  });

  it('is unknown, never nothing, until its end is heard of; then it is booked on that day', () => {
    const lost = event('AttemptAbandoned', {
      routing: 1, attempt: cutAttempt('att_1', 1), reason: 'connection_lost', content_sent: false,
    });
    const story = [born, routedEvent(1), lost, success];
    const { rows } = spendOf(story, { days: [0, 0, 0, 2] });
    const on = (atDay: number): SpendSums => sum(rows.all.filter(({ dayMs }) => dayMs === atDay * day));
    expect(on(0)).toMatchObject({ picoUsd: 0n, calls: 1, unknown: 1, resolved: 0 });
    expect(on(2)).toMatchObject({ picoUsd: 200n, calls: 0, unknown: 0, resolved: 1, outputTokens: 5 });
  });

  it('counts a call of which nobody knows the name as unknown', () => {
    const lost = event('AttemptAbandoned', {
      routing: 1, attempt: null, reason: 'redelivered', content_sent: false,
    });
    const { rows } = spendOf([born, routedEvent(1), lost]);
    expect(sum(rows.all)).toMatchObject({ calls: 0, unknown: 1, resolved: 0 });
  });

  it('is what an operator found on the bill, until the call itself is heard of', () => {
    const lost = event('AttemptAbandoned', {
      routing: 1, attempt: null, reason: 'redelivered', content_sent: false,
    });
    const billed = billOf(1);
    const { rows } = spendOf([born, routedEvent(1), lost, billed], { days: [0, 0, 0, 1] });
    expect(sum(rows.all)).toMatchObject({ picoUsd: 900n, calls: 1, unknown: 1, resolved: 1 });
    const late = spendOf([born, routedEvent(1), lost, billed, success], { days: [0, 0, 0, 1, 2] });
    const book = bookOf(late.states.values());
    expect(sum(late.rows.all)).toMatchObject({ picoUsd: BigInt(book.bookedPicoUsd) });
    expect(book.bookedPicoUsd).toBe('200');
    expect(sum(late.rows.all.filter(({ dayMs }) => dayMs === 2 * day))).toMatchObject({ picoUsd: -700n, calls: 0 });
  });

  it('counts failures, and what they cost at each provider', () => {
    const first = event('AttemptFailed', { attempt: failedAttempt('att_0', 1) });
    const { rows } = spendOf([
      born, routedEvent(1), first, event('JobExpired', { routing: null, attempts: [] }),
    ]);
    expect(sum(rows.all)).toMatchObject({ requests: 1, failed: 1, calls: 1, picoUsd: 0n });
  });

  it('has the calls that no job asked for', () => {
    const probe = event('ProviderProbed', { attempt: attempt('att_p', 0) });
    expect(spendOf([probe]).rows.all).toMatchObject([{ team: null, key: null, picoUsd: 200n, calls: 1, requests: 0 }]);
  });
});

it('the spend is what the book of the jobs says, however the log is cut into batches', () => {
  const random = seededRandom(23);
  for (let run = 0; run < 200; run += 1) {
    const story: AnyEvent[] = [born];
    for (let routing = 1; routing <= random.whole(1, 3); routing += 1) {
      story.push(routedEvent(routing));
      const record = random.pick([
        attempt(`att_${routing}`, routing, { cost_pico_usd: String(random.whole(0, 1e9)) }),
        cutAttempt(`att_${routing}`, routing), failedAttempt(`att_${routing}`, routing),
        attempt(`att_${routing}`, routing, { cost_pico_usd: null }),
      ]);
      const word = random.pick([
        event('AttemptFailed', { attempt: record }), event('JobSucceeded', successOf(routing, record)),
        event('AttemptAbandoned', {
          routing, attempt: random.chance(0.5) ? record : null, reason: 'redelivered', content_sent: false,
        }),
      ]);
      story.push(...Array.from({ length: random.whole(1, 2) }, () => word));
      if (random.chance(0.3)) story.push(billOf(routing));
      if (random.chance(0.4)) story.push(event('JobSucceeded', successOf(routing, attempt(`att_${routing}`, routing))));
    }
    const one = spendOf(story);
    const other = spendOf(story, { batch: random.whole(2, story.length) });
    const book = bookOf(one.states.values());
    const sums = sum(one.rows.all);
    expect([run, sums.picoUsd]).toEqual([run, BigInt(book.bookedPicoUsd)]);
    const named = book.unknown.filter(({ attemptId }) => attemptId === null).length;
    const states = [...one.states.values()];
    const open = states.flatMap(({ attempts }) => attempts).filter(({ cost_pico_usd: cost, outcome }) =>
      cost === null && (outcome === 'unknown' || outcome === 'succeeded')).length;
    expect([run, sums.unknown - sums.resolved]).toEqual([run, named + open]);
    expect(sum(one.rows.labelled)).toEqual(sums);
    // Within a batch what became unknown and known again need not be told.
    const others = sum(other.rows.all);
    expect([run, { ...others, unknown: others.unknown - others.resolved, resolved: 0 }])
      .toEqual([run, { ...sums, unknown: sums.unknown - sums.resolved, resolved: 0 }]);
  }
});
