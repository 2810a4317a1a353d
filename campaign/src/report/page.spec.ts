// What the page says.
import { expect, test } from '@jest/globals';
import { figuresOf } from '../figures/measure';
import { attempts, badNorth, request } from '../figures/seen-for-specs';
import { measured, withMeasured } from './page';
import { type SavedResult } from './result';
import { shareText } from './text';

const figures = (north: readonly number[]) => figuresOf(badNorth, {
  requests: [request(0), request(3_000, { answered: false, reason: '503 exhausted' })],
  firstAttempts: attempts(north), usd: 1.5,
}, 10);
const result = (modes: readonly [string, string]): SavedResult => ({
  name: 'down', what: 'north is away', seconds: 10, seed: 7, findings: ['it is late'],
  modes: [
    { mode: modes[0], figures: figures([5, 5, 3, 0, 0, 5, 5]) },
    { mode: modes[1], figures: figures([5, 5, 5, 5, 5, 5, 5]) },
  ],
  measured_at: '2026-01-01', commit: 'abc', machine: '2 cores',
});

test('both modes of a scenario stand side by side, with what was not as expected', () => {
  const text = measured([result(['on', 'off'])]);
  expect(text).toContain('2026-01-01 at abc; 2 cores; seed 7, 10 s');
  expect(text).toContain('| `down` | 10.0 % | 50.0 % | 0.0 % | – | 1 | never | 0 | 0 | – | – |');
  expect(text).toContain('- `down`: it is late');
  expect(text).toContain('| `down` | on | 1 | 503 exhausted |');
});

test('strategies are compared in a table of their own', () => {
  const text = measured([result(['adaptive', 'weighted'])]);
  expect(text).toContain('| adaptive | 2 | 50.000 % |');
  expect(text).not.toContain('### Answers');
});

test('the page around what was measured stays, and a page without a place for it is refused', () => {
  const page = 'before\n<!-- measured: written by `npm run routing-campaign -- --report`, '
    + 'not to be edited -->\nold\n<!-- end of what was measured -->\nafter\n';
  const written = withMeasured(page, [result(['on', 'off'])]);
  expect(written).toMatch(/^before\n/);
  expect(written).toMatch(/after\n$/);
  expect(written).not.toContain('old');
  expect(() => withMeasured('nothing', [])).toThrow('the page lacks');
});

test('a share is never rounded up to all', () => {
  expect(shareText({ answered: 99_999, requests: 100_000 })).toBe('99.999 %');
  expect(shareText({ answered: 999_999, requests: 1_000_000 })).toBe('99.999 %');
  expect(shareText({ answered: 5, requests: 5 })).toBe('100 %');
});
