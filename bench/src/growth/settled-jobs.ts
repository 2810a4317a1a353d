// Makes the facts of jobs that ran and succeeded, as the services write them: submitted, routed,
// settled, with their content. Pure: a job is a function of its number.
import { createHash } from 'node:crypto';
import { type AttemptRecord } from '@libs/events/attempts';
import { type Catalogue } from '@libs/events/catalogue';
import { type ContentLine, type ContentRef, type LinePosition } from '@libs/events/content';
import { type EventDraft, stamp } from '@libs/events/envelope';
import { type Price } from '@libs/events/usage';
import { type Entry } from '@libs/log/log';

export interface MadeJob {
  readonly number: number;
  readonly id: string;
  readonly tenant: string;
  readonly atMs: number;
  readonly prompt: ContentLine;
  readonly answer: ContentLine;
}

/** Short prompts and answers: ten million events with a kilobyte each would need 40 GB of disk. */
const promptWords = 'summarize the report of the last quarter for the board in five sentences. ';
const answerWords = 'Revenue rose by four percent, costs by two; the outlook is stable. ';
const contentChars = 200;
const tenantCount = 8;
const runsMs = 800;
const deadlineMs = 600_000;

const call: Catalogue['JobSubmitted']['call'] = {
  surface: 'openai', endpoint: '/v1/chat/completions', stream: false, stream_usage: false,
  reply_to: 'ingress-0000000000ab', headers: {},
};
const price: Price = {
  input_per_token: '1000000', cached_input_per_token: '500000', cache_write_per_token: '1000000',
  output_per_token: '2000000', per_request: '0',
};
const usage = {
  input_tokens: 50, cached_input_tokens: 0, cache_write_tokens: 0, output_tokens: 50,
  reasoning_tokens: 0,
};
const costPicoUsd = '150000000';

export function tenantOf(group: number): string {
  return `customer-${group % tenantCount}`;
}

export function makeJob(number: number, tenant: string, atMs: number): MadeJob {
  return {
    number, tenant, atMs,
    id: `job_${uuid(number, atMs, 1).replaceAll('-', '')}`,
    prompt: contentOf(JSON.stringify({
      model: 'chat', messages: [{ role: 'user', content: textOf(number, promptWords) }],
    })),
    answer: contentOf(JSON.stringify({
      id: `chatcmpl-${number}`, object: 'chat.completion', model: 'model-1',
      choices: [{ index: 0, finish_reason: 'stop',
        message: { role: 'assistant', content: textOf(number, answerWords) } }],
      usage: { prompt_tokens: 50, completion_tokens: 50, total_tokens: 100 },
    })),
  };
}

export function submittedEntry(job: MadeJob): Entry {
  return entryOf(job, 2, {
    type: 'JobSubmitted', subject: job.id, tenant: job.tenant,
    data: {
      call, mode: 'sync', model: 'chat', body: refOf(job.prompt), key: 'key-1', team: 'team-1',
      priority: 'interactive', deadline_at_ms: job.atMs + deadlineMs, run_at_ms: null,
      on_disconnect: 'cancel', idempotency: null, webhook: null, metadata: {}, fallbacks: [],
      needs: [], prompt_tokens_estimate: 50, max_output_tokens: null,
    },
  }, job.prompt);
}

/** @param submission where the job's `JobSubmitted` stands. */
export function routedEntry(job: MadeJob, submission: LinePosition): Entry {
  return entryOf(job, 3, {
    type: 'JobRouted', subject: job.id, tenant: job.tenant,
    data: {
      routing: 1, call, deadline_at_ms: job.atMs + deadlineMs,
      plan: [{ provider: 'provider-1', key: 'main', model: 'model-1', price, drop: [] }],
      fallbacks_by_class: { context_too_long: [], content_filtered: [] },
      hold: { amount_pico_usd: '300000000' },
      seen: submission.sequence, now_ms: job.atMs + 2, seed: job.number % 2 ** 31,
      reasons: [{
        provider: 'provider-1', key: 'main', model: 'model-1', verdict: 'chosen',
        reason: 'only target',
      }],
      governance_sequence: 0, submission, body: refOf(job.prompt),
    },
  }, job.prompt);
}

export function settledEntry(job: MadeJob): Entry {
  return entryOf(job, 4, {
    type: 'JobSucceeded', subject: job.id, tenant: job.tenant,
    data: {
      routing: 1, attempts: [attemptOf(job)], provider: 'provider-1', model: 'model-1', usage,
      cost_pico_usd: costPicoUsd, status: 200, result: refOf(job.answer), dropped_params: [],
    },
  }, job.answer);
}

function attemptOf(job: MadeJob): AttemptRecord {
  return {
    attempt_id: `att_${uuid(job.number, job.atMs, 5).replaceAll('-', '')}`, routing: 1,
    provider: 'provider-1', key: 'main', model: 'model-1', started_at_ms: job.atMs + 4,
    duration_ms: runsMs, first_token_ms: null, outcome: 'succeeded', error: null,
    retry_after_ms: null, usage, cost_pico_usd: costPicoUsd,
  };
}

function entryOf(job: MadeJob, kind: number, draft: EventDraft, content: ContentLine): Entry {
  const event = stamp(draft, uuid(job.number, job.atMs, kind), job.atMs + kind);
  return { events: [event], content: [content] };
}

function textOf(number: number, words: string): string {
  return `${number} ${words.repeat(4)}`.slice(0, contentChars);
}

function contentOf(text: string): ContentLine {
  return { sha256: createHash('sha256').update(text).digest('hex'), encoding: 'utf8', text };
}

function refOf({ sha256, text }: ContentLine): ContentRef {
  return { sha256, bytes: Buffer.byteLength(text), where: 'line' };
}

/** A UUIDv7 in form: time, then what it is for and its number instead of randomness. */
function uuid(number: number, atMs: number, kind: number): string {
  const time = atMs.toString(16).padStart(12, '0');
  const low = number.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${kind.toString(16).padStart(3, '0')}-8000-${low}`;
}
