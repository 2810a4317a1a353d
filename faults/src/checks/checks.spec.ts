// Each check passes over an evidence in which all is right, and finds each thing that is wrong.
import { describe, expect, test } from '@jest/globals';
import { checkAnswers } from './answers';
import { checkArchive } from './archive';
import {
  answer, attempt, budget, evidence, exchange, happyJob, type LineDraft, messagesOf, noteOf, request,
  withoutLine,
} from './evidence-for-specs';
import { checkBudgets } from './budgets';
import { checkMoney } from './money';
import { checkOutcomes } from './outcomes';
import { rootsOf } from './proofs';
import { checkRebuilt } from './rebuilt';
import { checkService, gapsByFault } from './service';
import { readStream } from './stream-text';
import { type Verdict } from './verdict';
import { checkWebhooks } from './webhooks';

const found = ({ findings }: Verdict): string => findings.join('\n');
const changed = (lines: readonly LineDraft[], type: string, data: object): LineDraft[] =>
  lines.map((line) => (line.type === type ? { ...line, data: { ...line.data, ...data } } : line));

test('where all is right every check passes', () => {
  const right = evidence();
  for (const check of [checkOutcomes, checkAnswers, checkMoney, checkBudgets, checkWebhooks,
    checkArchive, checkRebuilt, checkService]) {
    expect([check(right).name, check(right).findings]).toEqual([check(right).name, []]);
  }
});

describe('check 1 finds', () => {
  test('an accepted job that the log does not know', () => {
    const lost = request({ tries: [exchange({ status: 202, job: 'job_lost' })] });
    expect(found(checkOutcomes(evidence(happyJob(), { requests: [lost] })))).toContain('job_lost');
  });

  test('a job without an outcome', () => {
    const lines = withoutLine(happyJob(), 'JobSucceeded');
    expect(found(checkOutcomes(evidence(lines)))).toContain('has no outcome');
  });

  test('two routings of one number, but not a late outcome', () => {
    const [submitted, routed, ...rest] = happyJob();
    const twice = [submitted!, routed!, routed!, ...rest];
    expect(found(checkOutcomes(evidence(twice)))).toContain('two routings of one number');
    const late = [...happyJob(), { type: 'JobExpired', data: { routing: null, attempts: [] } }];
    expect(checkOutcomes(evidence(late)).numbers['late outcomes']).toBe(1);
    expect(found(checkOutcomes(evidence(late)))).toBe('');
  });

  test('a status that the API shows otherwise', () => {
    const shown = evidence().views.get('job_1')!;
    const views = new Map([['job_1', { ...shown, status: 'failed' }]]);
    expect(found(checkOutcomes(evidence(happyJob(), { views })))).toContain('shown as failed');
  });

  test('one idempotency key that two jobs answered', () => {
    const keyed = (job: string) => changed(happyJob(job), 'JobSubmitted', { idempotency: { key: 'k' } });
    expect(found(checkOutcomes(evidence([...keyed('job_1'), ...keyed('job_2')]))))
      .toContain('was answered by job_1 and job_2');
  });

  test('a fact or a commit that stands in the log twice, or has no id', () => {
    const twice = evidence();
    const [first, ...others] = twice.log.commits;
    const again = { ...first!, message: { ...first!.message, msgId: 'm9' } };
    const log = { ...twice.log, commits: [first!, ...others, again] };
    expect(found(checkOutcomes({ ...twice, log }))).toContain('JobSubmitted e0 stands in the log twice');
    const nameless = { ...first!, message: { ...first!.message, msgId: '' } };
    expect(found(checkOutcomes({ ...twice, log: { ...twice.log, commits: [nameless] } })))
      .toContain('has no message id');
  });
});

describe('check 2 finds', () => {
  const given = (changes: Parameters<typeof exchange>[0], stream = false) => found(checkAnswers(
    evidence(happyJob(), { requests: [request({ stream, tries: [exchange(changes)] })] })));
  const chunk = (content: string): string => `data: {"choices":[{"delta":{"content":"${content}"}}]}\n\n`;

  test('another answer than the log has', () => {
    expect(given({ body: answer.replace('hello', 'hullo') })).toContain('is not the result');
  });

  test('an answer of a job that failed or is not there', () => {
    expect(given({ job: 'job_none' })).toContain('has no outcome');
    const failed = happyJob().map((line) => (
      line.type === 'JobSucceeded' ? { ...line, type: 'JobCanceled' } : line));
    expect(found(checkAnswers(evidence(failed)))).toContain('is canceled');
  });

  test('a stream with other words, or words twice', () => {
    expect(given({ body: `${chunk('hel')}${chunk('lo')}data: [DONE]\n\n` }, true)).toBe('');
    expect(given({ body: `${chunk('hel')}${chunk('hello')}data: [DONE]\n\n` }, true))
      .toContain('streamed answer');
  });

  test('half a stream that ends as if it were whole, but not one that says that it broke', () => {
    expect(given({ body: chunk('hel') }, true)).toContain('as if it were whole');
    expect(given({ body: `${chunk('hel')}data: {"error":{"message":"x"}}\n\n` }, true)).toBe('');
    expect(given({ body: chunk('hel'), complete: false }, true)).toBe('');
  });

  test('another result than the log has, when it is asked for later', () => {
    const later = request({ tries: [], result: exchange({ body: '{}' }) });
    expect(found(checkAnswers(evidence(happyJob(), { requests: [later] })))).toContain('r1');
  });
});

test('streams of both surfaces are read', () => {
  const anthropic = 'event: content_block_delta\ndata: {"type":"content_block_delta",'
    + '"delta":{"type":"text_delta","text":"hi"}}\n\n'
    + 'event: message_stop\ndata: {"type":"message_stop"}\n\n';
  expect(readStream(anthropic)).toEqual({ text: 'hi', complete: true, broken: false });
  expect(readStream(anthropic.slice(0, -3))).toEqual({ text: 'hi', complete: false, broken: false });
});

describe('check 3 finds', () => {
  const ledgerWith = (changes: object) => ({ ledger: [{ ...evidence().ledger[0]!, ...changes }] });

  test('other tokens than were served', () => {
    const other = ledgerWith({ usage: { prompt: 3, completion: 6 } });
    const text = found(checkMoney(evidence(happyJob(), other)));
    expect(text).toContain('other tokens');
    expect(text).toContain('alpha/main: booked 1 calls with 3 and 5 tokens, served 1 calls with 3 and 6');
  });

  test('a call that was never made', () => {
    expect(found(checkMoney(evidence(happyJob(), { ledger: [] })))).toContain('never reached');
  });

  test('a call that is in no book, unless its routing is listed as unknown', () => {
    const call = evidence().ledger[0]!;
    const ledger = [call, { ...call, attempt: 'att_lost' }];
    expect(found(checkMoney(evidence(happyJob(), { ledger })))).toContain('1 calls are in no book');
    const [submitted, routed, ...rest] = happyJob();
    const again = changed([routed!], 'JobRouted', { routing: 2 });
    const lines = [submitted!, routed!, ...again, ...changed(rest, 'JobSucceeded', { routing: 2 })];
    const shown = evidence().views.get('job_1')!;
    const listed = new Map([['job_1', {
      ...shown, attempts: [...shown.attempts, { attempt_id: 'unknown:1', outcome: 'unknown' }],
    }]]);
    expect(found(checkMoney(evidence(lines, { ledger, views: listed })))).toBe('');
    expect(found(checkMoney(evidence(lines, { ledger })))).toContain('routing 1 of job_1 is unknown');
  });

  test('a call that cost and is booked as free, or was cut and is booked as whole', () => {
    const free = changed(happyJob(), 'JobSucceeded', {
      attempts: [attempt('att_job_1', { outcome: 'failed', usage: null, cost_pico_usd: null })],
    });
    expect(found(checkMoney(evidence(free)))).toContain('booked as free');
    expect(found(checkMoney(evidence(happyJob(), ledgerWith({ outcome: 'cut' })))))
      .toContain('no whole answer');
  });

  test('a routing that was run twice', () => {
    const [submitted, routed, succeeded, ...rest] = happyJob();
    const again = changed([succeeded!], 'JobSucceeded', { attempts: [attempt('att_2')] });
    expect(found(checkMoney(evidence([submitted!, routed!, succeeded!, ...again, ...rest]))))
      .toContain('routing 1 of job_1 was run twice (JobSucceeded, JobSucceeded)');
  });

  test('another sum in the read model, or shown by the API', () => {
    const { archive, views } = evidence();
    const spend = [{ ...archive.spend[0]!, picoUsd: '26000000' }];
    expect(found(checkMoney(evidence(happyJob(), { archive: { ...archive, spend } }))))
      .toContain('1 calls for 13000000 pico USD in the log, 1 calls for 26000000 pico USD in the read model');
    const shown = new Map([['job_1', { ...views.get('job_1')!, cost_usd: '0.000026' }]]);
    expect(found(checkMoney(evidence(happyJob(), { views: shown })))).toContain('shown are 26000000');
  });
});

describe('check 4 finds', () => {
  const given = (changes: object, lines = happyJob(), more: Parameters<typeof evidence>[1] = {}) => {
    const line = budget(changes);
    return found(checkBudgets(evidence(lines, { budgets: { shown: [line], made: [line], holds: [] }, ...more })));
  };
  const running = (job: string) => happyJob(job).slice(0, 2);

  test('a budget that was passed at some place of the log, whatever came of it', () => {
    const two = [...running('job_1'), ...running('job_2'), ...happyJob('job_1').slice(2), ...happyJob('job_2').slice(2)];
    expect(given({}, two)).toContain('key/acme-app: 80000000 pico USD are spent and held at commit 4, its limit is 40000000');
    const roomy = { limit: '0.000053', spent: '0.000026' };
    expect(given(roomy, two)).toContain('its limit is 53000000');
    // One after the other they fit.
    expect(given(roomy, [...happyJob('job_1'), ...happyJob('job_2')])).not.toContain('its limit is');
  });

  test('no fault in a call that cost more than was held for it, but in one for which nothing was held', () => {
    const dear = changed(happyJob(), 'JobSucceeded', { attempts: [attempt('att_job_1', { cost_pico_usd: '60000000' })] });
    expect(given({ spent: '0.00006' }, dear)).not.toContain('spent and held at commit');
    const ledger = [evidence().ledger[0]!, { ...evidence().ledger[0]!, attempt: 'att_2', usage: { prompt: 40, completion: 5 } }];
    expect(given({}, happyJob(), { ledger })).toContain('the simulator served 63000000 pico USD, its limit is 40000000, estimates were off by 0');
  });

  test('other sums than the log has, or than the simulator billed', () => {
    expect(given({ spent: '0.000014' })).toContain('13000000 spent in the log, shown are 14000000');
    expect(given({ held: '0.000001' })).toContain('0 held in the log, shown are 1000000');
    const ledger = [{ ...evidence().ledger[0]!, usage: { prompt: 3, completion: 6 } }];
    expect(given({}, happyJob(), { ledger })).toContain('13000000 are booked, the simulator billed 15000000');
  });

  test('money that is held and listed as no hold of unknown end', () => {
    const lost = running('job_1');
    expect(given({ spent: '0', held: '0.00004' }, lost)).toContain('40000000 are held, and the listed holds of unknown end come to 0');
    const line = budget({ spent: '0', held: '0.00004' });
    const holds = [{ key: 'acme-app', customer: 'acme', held_usd: '0.00004' }];
    expect(found(checkBudgets(evidence(lost, { ledger: [], budgets: { shown: [line], made: [line], holds } })))).toBe('');
  });

  test('budgets that come out otherwise when they are made again, or not at all', () => {
    const made = (again: readonly ReturnType<typeof budget>[] | string) =>
      found(checkBudgets(evidence(happyJob(), { budgets: { shown: [budget()], made: again, holds: [] } })));
    expect(made([budget({ held: '0.1' })])).toContain('made again from the first event as 0.000013 spent and 0.1 held');
    expect(made([])).toContain('1 budgets are shown, 0 were made again');
    expect(made('it ended with 1: no')).toContain('budgets were not made again: it ended with 1: no');
  });

  test('that nothing was tried', () => {
    expect(given({ limit: '500' })).toContain('no budget came to its limit');
    expect(found(checkBudgets(evidence(happyJob(), { budgets: { shown: [], made: [], holds: [] } })))).toContain('no budget came to its limit');
  });
});

describe('check 5 finds', () => {
  const note = evidence().webhooks[0]!;
  const given = (webhooks: readonly (typeof note)[], lines = happyJob()) =>
    found(checkWebhooks(evidence(lines, { webhooks })));

  test('a webhook that never came, though it is booked as delivered', () => {
    expect(given([])).toContain('booked as delivered and never came');
    expect(given([], withoutLine(happyJob(), 'WebhookDelivered'))).toContain('neither delivered');
  });

  test('an exhausted one that is not shown so', () => {
    const lines = [...withoutLine(happyJob(), 'WebhookDelivered'), {
      type: 'WebhookExhausted', data: { delivery: 'msg_1' },
    }];
    expect(given([], lines)).toContain('is exhausted and shown as delivered');
  });

  test('two ids, a wrong signature, another result, one that is not owed', () => {
    expect(given([note, { ...note, webhookId: 'msg_2' }])).toContain('several ids');
    expect(given([{ ...note, verified: false }])).toContain('does not verify');
    expect(given([{ ...note, body: note.body.replace('hello', 'hullo') }])).toContain('something else');
    expect(given([note, { ...note, body: note.body.replace('job_1', 'job_9') }])).toContain('owes none');
  });
});

describe('check 6 finds', () => {
  const { archive } = evidence();
  const given = (commits: typeof archive.commits) =>
    found(checkArchive(evidence(happyJob(), { archive: { ...archive, commits } })));

  test('a commit that is missing, too many, or another', () => {
    expect(given(archive.commits.slice(1))).toContain('message 1 is not archived');
    expect(given([...archive.commits, { ...archive.commits[0]!, sequence: 99 }])).toContain('has 99');
    const bytes = Buffer.from(archive.commits[0]!.bytes).fill(0x20, 0, 1);
    expect(given([{ ...archive.commits[0]!, bytes }, ...archive.commits.slice(1)]))
      .toContain('message 1 is archived as something else');
  });

  test('content that is not what its hash says, or not there', () => {
    const large = changed(happyJob(), 'JobSubmitted', {
      body: { sha256: 'cafe', bytes: 1, where: 'object' },
    });
    expect(found(checkArchive(evidence(large)))).toContain('large content cafe is not archived');
    const gone = changed(happyJob(), 'JobSubmitted', {
      body: { sha256: 'cafe', bytes: 1, where: 'line' },
    });
    expect(found(checkArchive(evidence(gone)))).toContain('content cafe is missing in commit 1');
  });

  test('bytes that are no commit', () => {
    const right = evidence();
    expect(found(checkArchive({ ...right, log: { ...right.log, unreadable: [4] } })))
      .toContain('message 4 of the log is no commit');
  });
});

describe('check 6 finds of what was signed', () => {
  const given = (proofs: object, lines = happyJob()) =>
    found(checkArchive(evidence(lines, { proofs: { ...evidence().proofs, ...proofs } })));

  test('a checkpoint of other lines than the log has, in a file or in the log', () => {
    const { files } = evidence().proofs;
    expect(given({ files }, changed(happyJob(), 'JobRouted', { routing: 2 })))
      .toContain("the checkpoint of file 1 is not the tree of the log's first 5 event lines");
    const note = noteOf(messagesOf(happyJob()).slice(1));
    const lines = [...happyJob(), { type: 'CheckpointSigned', subject: 'holdfast/log', data: { note } }];
    expect(given({ files: [] }, lines)).toContain("the checkpoint of commit 6 is not the tree of the log's first 4");
    expect(given({ files: ['holdfast/log\n900\nAAAA\n'] })).toContain('first 900 event lines');
  });

  test('that nothing was signed', () => {
    expect(given({ files: [] })).toContain('nothing was signed');
  });

  test("what the product's own verification found, or that it did not end well", () => {
    const problems = [{ kind: 'changed', message: 'line 0 of commit 12 is another' }];
    expect(given({ verify: { code: 1, output: `reading\n${JSON.stringify({ ok: false, problems })}\n` } }))
      .toContain('holdfast verify: changed: line 0 of commit 12 is another');
    expect(given({ verify: { code: 1, output: 'no such key' } })).toContain('holdfast verify ended with 1: no such key');
  });

  test('roots that are not those of RFC 6962', () => {
    const lines = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f']
      .map((hex) => Buffer.from(hex, 'hex'));
    const roots = rootsOf(lines, new Set([0, 1, 2, 8]));
    expect([...roots.values()].map((root) => Buffer.from(root, 'base64').toString('hex').slice(0, 16)))
      .toEqual(['e3b0c44298fc1c14', '6e340b9cffb37a98', 'fac54203e7cc696c', '5dc9da79a70659a9']);
  });
});

test('check 7 finds projections that differ', () => {
  const rebuilt = {
    readModels: { exitCode: 1, output: 'jobs: 1 rows differ' },
    views: { asked: 2, differing: ['job_1'], missing: ['job_2'] },
  };
  const text = found(checkRebuilt(evidence(happyJob(), { rebuilt })));
  expect(text).toContain('1 rows differ');
  expect(text).toContain('shows job_1 otherwise');
  expect(text).toContain('does not show job_2');
});

describe('check 8', () => {
  const probe = (endedMs: number, tenant = 'acme', answered = true) =>
    request({ request: `p${endedMs}`, tenant, endedMs, answered });
  const fault = (kind: 'kill nats' | 'provider hangs', startedMs: number, untilMs: number) =>
    ({ kind, startedMs, untilMs, healedMs: startedMs, detail: '' });

  test('measures the longest time without an answer, from the fault on, per tenant', () => {
    const probes = [probe(0), probe(1_000), probe(4_000), probe(100, 'b'), probe(9_100, 'b')];
    expect(gapsByFault(probes, [fault('kill nats', 1_500, 3_000)])[0]!.withoutServiceMs).toBe(7_600);
  });

  test('does not lay a gap of processes to a fault of a provider', () => {
    const probes = [probe(0), probe(5_000), probe(6_000), probe(8_000)];
    const gaps = gapsByFault(probes, [fault('kill nats', 0, 5_000), fault('provider hangs', 1_000, 9_000)]);
    expect(gaps.map(({ withoutServiceMs }) => withoutServiceMs)).toEqual([5_000, 2_000]);
  });

  test('finds a gap above the limit', () => {
    const requests = [probe(0), probe(60_000)];
    expect(found(checkService(evidence(happyJob(), {
      requests, faults: [fault('kill nats', 0, 59_000)],
    })))).toContain('60.0 s without service');
  });

  test('finds service that never came back', () => {
    const never = { ...probe(70_000, 'acme', false), startedMs: 60_000 };
    const requests = [probe(0), probe(1_000), never];
    expect(gapsByFault(requests, [fault('kill nats', 1_500, 46_500)])[0]!.withoutServiceMs)
      .toBe(58_500);
  });

  test('finds one unanswered request of a thousand with one provider down', () => {
    const crowd = Array.from({ length: 1_000 }, (_, index) =>
      request({ request: `c${index}`, answered: index > 0 }));
    expect(found(checkService(evidence(happyJob(), { requests: crowd }))))
      .toContain('1 of 1000 requests were not answered');
  });
});

test('messages of specs are commits', () => {
  expect(messagesOf(happyJob())).toHaveLength(5);
});
