import { expect, test } from '@jest/globals';
import { stamp } from '@libs/events/envelope';
import { explained } from './explain';
import { candidate, routedEvent, startMs } from './spec-builders';

test('a routing is told line by line, the chosen candidate first', () => {
  const event = routedEvent(1);
  if (event.type !== 'JobRouted') throw new Error('a routing');
  const { provider, key, model } = candidate;
  const lines = explained(stamp({
    ...event,
    data: {
      ...event.data, strategy: 'adaptive', rule: 'gold', overlay: { 'a/b': 1 }, seen: 7, seed: 9,
      plan: [candidate, candidate], hedge: { after_ms: 300, candidate: 1 },
      continues: {
        stream: 'att_1', next_index: 4, answer: { sha256: 'a', bytes: 1, where: 'line' },
        at: { sequence: 3, line: 0 },
      },
      reasons: [
        { provider, key, model, verdict: 'chosen', reason: 'drawn with score 3 of 5', score: 3 },
        { provider: 'x', key: null, model: 'm', verdict: 'passed_over', reason: 'open after 5 failures in a row', health: 'open' },
      ],
    },
  }, 'e', startMs));
  expect(lines).toEqual([
    `chosen ${provider}/${key} ${model} (score 3): drawn with score 3 of 5`,
    'passed over x m (open): open after 5 failures in a row',
    `a second call at ${provider}/${model} when the first has no content after 300 ms`,
    'goes on with the stream of att_1 at its event 4',
    'decided by adaptive, rule "gold", from everything up to sequence 7 and 1 places with decisions under way, seed 9',
  ]);
});
