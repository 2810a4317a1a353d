// A small evidence in which everything is right, for specs that then spoil one thing of it.
import { createHash } from 'node:crypto';
import { type AnyEvent } from '@libs/events/envelope';
import { type Budget, type Evidence } from '../evidence/evidence';
import { readLog } from '../evidence/log-evidence';
import { rootsOf } from './proofs';
import { storiesOf } from '../evidence/stories';
import { type RequestNote, type Try } from '../notes';
import { type StoredMessage } from '../system/admin-log';

export const answer = '{"choices":[{"message":{"content":"hello"}}]}';
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const usage = {
  input_tokens: 3, output_tokens: 5, cached_input_tokens: 0, cache_write_tokens: 0,
  reasoning_tokens: 0,
};

export interface LineDraft {
  readonly type: string;
  readonly subject?: string;
  readonly data: object;
}

/** The events of a job that is asked for, routed and succeeds, told by a webhook. */
export function happyJob(id = 'job_1', request = 'r1'): LineDraft[] {
  return [
    {
      type: 'JobSubmitted', subject: id,
      data: {
        key: 'acme-app', metadata: { request }, idempotency: null,
        webhook: { endpoint_id: 'whe_1' },
        body: { sha256: sha256('{}'), bytes: 2, where: 'line' },
      },
    },
    { type: 'JobRouted', subject: id, data: { routing: 1, hold: { amount_pico_usd: '40000000' } } },
    {
      type: 'JobSucceeded', subject: id,
      data: {
        routing: 1, attempts: [attempt(`att_${id}`)], status: 200,
        result: { sha256: sha256(answer), bytes: answer.length, where: 'line' },
      },
    },
    { type: 'WebhookDue', subject: id, data: { delivery: id.replace('job', 'msg') } },
    { type: 'WebhookDelivered', subject: id, data: { delivery: id.replace('job', 'msg') } },
  ];
}

export function attempt(id: string, changes: object = {}): object {
  return {
    attempt_id: id, routing: 1, provider: 'alpha', key: 'main', model: 'm', outcome: 'succeeded',
    usage, cost_pico_usd: '13000000', ...changes,
  };
}

/** One commit for each line, in order. */
export function messagesOf(lines: readonly LineDraft[]): StoredMessage[] {
  const contents = ['{}', answer].map((text) => JSON.stringify({
    sha256: sha256(text), encoding: 'utf8', text,
  }));
  return lines.map(({ type, subject, data }, index) => ({
    sequence: index + 1, subject: 'events.job.3.x', msgId: `m${index}`, atMs: index,
    bytes: Buffer.from([
      JSON.stringify({ id: `e${index}`, type, subject: subject ?? 'job_1', tenant: 'acme', data }),
      ...contents,
    ].join('\n')),
  }));
}

export function exchange(changes: Partial<Try> = {}): Try {
  return {
    startedMs: 0, endedMs: 1, status: 200, job: 'job_1', body: answer, complete: true, error: null,
    ...changes,
  };
}

export function request(changes: Partial<RequestNote> = {}): RequestNote {
  return {
    request: 'r1', shape: 'sync', tenant: 'acme', surface: 'openai', stream: false, startedMs: 0,
    endedMs: 1, tries: [exchange()], result: null, answered: true, ...changes,
  };
}

export function evidence(
  lines: readonly LineDraft[] = happyJob(), changes: Partial<Evidence> = {},
): Evidence {
  const messages = messagesOf(lines);
  const log = readLog(messages, new Set());
  return {
    log, stories: storiesOf(log),
    requests: [request()],
    webhooks: [{
      atMs: 0, webhookId: 'msg_1', verified: true, status: 200,
      body: `{"type":"job.succeeded","data":{"id":"job_1","result":${answer}}}`,
    }],
    ledger: [{
      provider: 'alpha', key: 'aa01', attempt: 'att_job_1', user: 'r1', outcome: 'served',
      tokensSent: 5, usage: { prompt: 3, completion: 5 },
    }],
    archive: {
      commits: messages.map(({ sequence, subject, msgId, bytes }) => ({
        sequence, subject, msgId, bytes,
      })),
      objects: new Map(),
      spend: [{ tenant: 'acme', key: 'acme-app', picoUsd: '13000000', calls: 1 }],
    },
    views: new Map([['job_1', {
      id: 'job_1', status: 'succeeded', cost_usd: '0.000013',
      webhook: { status: 'delivered' },
      attempts: [{ attempt_id: 'att_job_1', outcome: 'succeeded' }],
    }]]),
    faults: [],
    rebuilt: {
      readModels: { exitCode: 0, output: '' }, views: { asked: 1, differing: [], missing: [] },
    },
    budgets: {
      shown: [budget()], made: [budget()], holds: [],
    },
    proofs: { verify: { code: 0, output: '{"ok":true}' }, files: [noteOf(messages)] },
    keyNames: { aa01: 'alpha/main' },
    prices: { alpha: { input: 1, output: 2 } },
    ...changes,
  };
}

/** Of the key of the happy job: what it is held for is all that there is. */
export function budget(changes: Partial<Budget> = {}): Budget {
  return { level: 'key', id: 'acme-app', limit: '0.00004', spent: '0.000013', held: '0', ...changes };
}

/** A checkpoint over all event lines of these messages. */
export function noteOf(messages: readonly StoredMessage[]): string {
  const lines = messages.map(({ bytes }) => Buffer.from(Buffer.from(bytes).toString().split('\n')[0] ?? ''));
  const size = lines.length;
  return `holdfast/log\n${size}\n${rootsOf(lines, new Set([size])).get(size) ?? ''}\n\n— signed`;
}

export function withoutLine(lines: readonly LineDraft[], type: AnyEvent['type']): LineDraft[] {
  return lines.filter((line) => line.type !== type);
}
