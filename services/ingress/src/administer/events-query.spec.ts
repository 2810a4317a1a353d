import { expect, it } from '@jest/globals';
import { eventsQuery } from './events-query';

const from = (text: string): unknown => {
  const read = eventsQuery.safeParse({ from: text });
  return read.success ? read.data.from : read.error.issues[0]?.message;
};

it('a moment is a commit, a day of UTC, or a time with its zone', () => {
  expect(from('1200')).toEqual({ sequence: 1200 });
  expect(from('2026-11-01')).toEqual({ timeMs: Date.UTC(2026, 10, 1) });
  expect(from('2026-11-01T08:00:00Z')).toEqual({ timeMs: Date.UTC(2026, 10, 1, 8) });
  expect(from('2026-11-01T10:00+02:00')).toEqual({ timeMs: Date.UTC(2026, 10, 1, 8) });
});

it('a filter that no text of the index can be is told', () => {
  const read = eventsQuery.safeParse({ subject: 'a\0b' });
  expect(read.error?.issues).toMatchObject([{ path: ['subject'], message: 'has a zero byte' }]);
});

it.each(['soon', '2026-11-01T08:00:00', '2026-11-01 nonsense', '2026-13-01', '-5', '1700000000000000', ''])(
  '"%s" is none', (text) => {
    expect(from(text)).toContain('a time with its zone');
  });
