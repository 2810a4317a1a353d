// What a run leaves for people.
import { expect, test } from '@jest/globals';
import { evidence, happyJob, request, exchange } from '../checks/evidence-for-specs';
import { judge } from '../mutations/run-mutations';
import { patched } from '../mutations/plant';
import { weigh } from '../weigh';
import { measured, withMeasured } from './reliability-page';
import { reportOf } from './report';
import { storyLines } from './story-lines';
import { sumReports } from './sum-reports';
import { countVerdicts, verdictLines } from './verdict-lines';

const circumstances = {
  measuredAt: '2026-01-01', commit: 'abc', machine: '2 cores', seed: 7, seconds: 60,
};
const given = evidence(happyJob(), {
  requests: [request(), request({
    answered: false, tries: [exchange({ status: 503, body: '{"error":{"code":"log_full"}}' })],
  })],
  faults: [{ kind: 'kill nats', startedMs: 0, healedMs: 5, untilMs: 9, detail: '' }],
});

const report = () => (
  reportOf({ verdicts: weigh(given), evidence: given, leftOut: ['x: y'] }, circumstances));

test('several runs are added up, times without service are the longest, findings keep their seed', () => {
  const other = {
    ...report(), seed: 8,
    checks: report().checks.map((check) => (check.number === 1
      ? { ...check, state: 'failed' as const, findings: ['job_1 is lost'] } : check)),
    faults: report().faults.map((fault) => ({ ...fault, longest_without_service_s: 3.5 })),
  };
  const { checks, faults, answered, requests, seconds, notAnswered } = sumReports([report(), other]);
  expect(checks[0]).toMatchObject({
    runs: 2, passed: 1, numbers: { accepted: 2, jobs: 2 },
    findings: [{ seed: 8, finding: 'job_1 is lost' }],
  });
  expect(checks[2]!.numbers['calls at the simulator']).toBe(2);
  expect(faults).toMatchObject([{ kind: 'kill nats', times: 2, longest_without_service_s: 3.5 }]);
  expect(answered['by the SDKs under faults']).toEqual({ answered: 2, of: 4 });
  expect([requests, seconds, notAnswered]).toEqual([4, 120, [['sync: 503 log_full', 2]]]);
  expect(measured([report(), other], null)).toContain('- check 1, seed 8: job_1 is lost');
});

test('the page keeps what people wrote around the measured part', () => {
  const page = 'before\n<!-- measured: written by `npm run faults -- --report`, not to be edited -->\n'
    + 'old\n<!-- end of what was measured -->\nafter\n';
  const written = withMeasured(page, [report()], null);
  expect(written).toMatch(/^before\n<!-- measured[^]*### Checks[^]*what was measured -->\nafter\n$/);
  expect(written).not.toMatch(/\bold\b/);
  expect(() => withMeasured('nothing', [], null)).toThrow('the page lacks');
});

test('the page names every check, fault and reason', () => {
  const page = measured([report()], {
    measured_at: 'then', seed: 1,
    mutations: [{ name: 'm', defect: 'wrong', end: 'as expected', text: 'caught by check 1' }],
  });
  expect(page).toContain('| 1 | every accepted job has exactly one outcome | 1 of 1 |');
  expect(page).toContain('1 runs with the seeds 7: 1 minutes of load, 2 requests, 1 faults of 1 kinds.');
  expect(page).toContain('| kill nats | 1 | 0.0 | 20.0 |');
  expect(page).toContain('| 1 | sync: 503 log_full |');
  expect(page).toContain('| `m`: wrong | caught by check 1 |');
  expect(page).toContain('Left out: x: y.');
});

test('jobs that findings name are told', () => {
  const spoilt = evidence([...happyJob(), happyJob()[1]!]);
  const lines = storyLines(weigh(spoilt), spoilt.stories);
  expect(lines.map((line) => line.replace(/ \d\d:\S+/, ''))).toEqual([
    'job_1 of acme:', '     1 JobSubmitted', '     2 JobRouted 1', '     3 JobSucceeded 1',
    '     4 WebhookDue', '     5 WebhookDelivered', '     6 JobRouted 1',
  ]);
  expect(storyLines(weigh(given), given.stories)).toEqual([]);
});

test('every check is weighed, and passed or failed', () => {
  const verdicts = weigh(given);
  expect(verdicts.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(countVerdicts(verdicts)).toEqual({ passed: 8, failed: 0 });
  expect(countVerdicts(weigh(evidence(happyJob().slice(0, 2))))).toEqual({ passed: 4, failed: 4 });
  expect(verdictLines(verdicts[3]!)).toEqual([expect.stringMatching(/^4\. .*: passed$/), expect.any(String)]);
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
