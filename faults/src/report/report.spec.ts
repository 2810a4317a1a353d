// What a run leaves for people.
import { expect, test } from '@jest/globals';
import { evidence, happyJob, request, exchange } from '../checks/evidence-for-specs';
import { judge } from '../mutations/run-mutations';
import { patched } from '../mutations/plant';
import { weigh } from '../weigh';
import { reliabilityPage } from './reliability-page';
import { reportOf } from './report';
import { countVerdicts, verdictLines } from './verdict-lines';

const circumstances = { measuredAt: '2026-01-01', machine: '2 cores', seed: 7, seconds: 60 };
const given = evidence(happyJob(), {
  requests: [request(), request({
    answered: false, tries: [exchange({ status: 503, body: '{"error":{"code":"log_full"}}' })],
  })],
  faults: [{ kind: 'kill nats', startedMs: 0, healedMs: 5, untilMs: 9, detail: '' }],
});

test('the page names every check, fault and reason', () => {
  const report = reportOf({ verdicts: weigh(given), evidence: given, leftOut: ['x: y'] }, circumstances);
  const page = reliabilityPage(report, {
    measured_at: 'then', seed: 1,
    mutations: [{ name: 'm', defect: 'wrong', end: 'as expected', text: 'caught by check 1' }],
  });
  expect(page).toContain('| 1 | every accepted job has exactly one outcome |');
  expect(page).toContain('| kill nats | 1 | 0.0 | 12.0 |');
  expect(page).toContain('| 1 | sync: 503 log_full |');
  expect(page).toContain('| `m`: wrong | caught by check 1 |');
  expect(page).toContain('Left out: x: y.');
});

test('what is not built yet fails a release, and nothing else', () => {
  const verdicts = weigh(given);
  expect(verdicts.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(countVerdicts(verdicts, false)).toEqual({ passed: 7, failed: 0 });
  expect(countVerdicts(verdicts, true)).toEqual({ passed: 7, failed: 1 });
  expect(verdictLines(verdicts[3]!)).toEqual([expect.stringMatching(/^4\. .*: not built yet$/)]);
});

test('a mutation counts as caught only by the check that is named for it', () => {
  const spoilt = weigh(evidence(happyJob().slice(0, 2)));
  const faults = ['kill nats'] as const;
  expect(judge({ caughtBy: 1, faults }, spoilt, 1)).toMatchObject({ end: 'as expected' });
  expect(judge({ caughtBy: 7, faults }, spoilt, 1).text).toMatch(/^ESCAPED check 7 \(1, .* failed instead\)$/);
  expect(judge({ caughtBy: 1, faults }, weigh(given), 1)).toMatchObject({ end: 'failed' });
  expect(judge({ caughtBy: 1, faults }, spoilt, 0)).toMatchObject({ end: 'left out' });
  expect(judge({ caughtBy: null, faults }, weigh(given), 1)).toMatchObject({ end: 'as expected' });
  expect(judge({ caughtBy: null, faults }, spoilt, 1)).toMatchObject({ end: 'failed' });
});

test('a patch that does not match exactly once is an error', () => {
  const patch = { services: [], find: /a+/, replace: 'b' };
  expect(patched('xaax', patch, 'patch matches')).toBe('xbx');
  expect(() => patched('xax a', patch, 'patch matches')).toThrow('patch matches 2 times, not once');
  expect(() => patched('x', patch, 'patch matches')).toThrow('patch matches 0 times, not once');
});
