import { expect, it } from '@jest/globals';
import { timelineText } from './show-timeline';

it('a timeline has a line for each event and one for each reason of a decision', () => {
  const text = timelineText([
    { type: 'JobSubmitted', time: '2026-11-26T12:00:00.000Z', data: { model: 'chat' } },
    { type: 'JobRouted', time: '2026-11-26T12:00:00.004Z', data: { routing: 1 }, explained: ['chosen a/main m: first in order'] },
    {
      type: 'JobSucceeded', time: '2026-11-26T12:00:01.500Z',
      data: { attempts: [{ provider: 'a', model: 'm', outcome: 'failed', duration_ms: 90, error: { class: 'server_error' } }, { provider: 'b', model: 'm', outcome: 'succeeded', duration_ms: 800, error: null }] },
    },
  ]);
  expect(text.split('\n')).toEqual([
    '2026-11-26T12:00:00.000Z  +0      JobSubmitted  model=chat',
    '2026-11-26T12:00:00.004Z  +4      JobRouted',
    '    chosen a/main m: first in order',
    '2026-11-26T12:00:01.500Z  +1500   JobSucceeded  a/m failed (server_error) in 90 ms, b/m succeeded in 800 ms',
  ]);
});
