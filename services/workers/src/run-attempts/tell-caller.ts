// What the waiting ingress is told when a routing has ended here. Sent after the outcome is durable.
import { type RateLeft } from '@libs/events/limits';
import { sumKnownPico } from '@libs/governance/money';
import { type Appended } from '@libs/log/log';
import {
  type BrokenReply, type ReplyMessage, type ResultReply,
} from '@libs/signals/reply-messages';
import { replyBytesMax } from '@libs/signals/signals';
import { statusOfRefusal } from './settle';
import { type StopReason, type Walked } from './walk-end';

/** null: nothing to tell, the router decides what comes next. */
export function replyFor(
  job: string, walked: Walked, at: Appended, rates?: readonly RateLeft[],
): ReplyMessage | null {
  const { end, attempts } = walked;
  const base = {
    ...(rates === undefined ? {} : { rates }),
    kind: 'result', job, sequence: at.sequence, line: at.line, body: null, error: null,
    provider: null, model: null, attempts: attempts.length, cost_pico_usd: null,
    dropped_params: [], attempt_id: walked.stream ?? attempts.at(-1)?.attempt_id ?? null,
  } as const;
  switch (end.kind) {
    case 'succeeded':
      return {
        ...base,
        outcome: 'succeeded',
        status: end.answer.status,
        body: smallEnough(end.answer.body),
        provider: end.candidate.provider,
        model: end.candidate.model,
        cost_pico_usd: sumKnownPico(attempts.map((attempt) => attempt.cost_pico_usd)),
        dropped_params: end.answer.dropped,
      };
    case 'refused': {
      const { class: errorClass, message } = end.error;
      return {
        ...base,
        outcome: 'failed',
        status: statusOfRefusal(end.error),
        body: end.body === null ? null : smallEnough(end.body),
        error: { class: errorClass, message },
        provider: attempts.at(-1)?.provider ?? null,
        model: attempts.at(-1)?.model ?? null,
      };
    }
    case 'abandoned': {
      const { attempt_id, error } = end.attempt;
      const attempt = walked.stream ?? attempt_id;
      if (!end.contentSent || end.continuation !== undefined) return null;
      const { class: errorClass, message } = error ?? { class: 'unknown', message: 'unknown end' };
      const broken = { job, attempt, error: { class: errorClass, message } };
      return { kind: 'broken', ...broken } satisfies BrokenReply;
    }
    case 'exhausted':
      return null;
    case 'stopped':
      return stoppedReply(base, end.why);
  }
}

function stoppedReply(
  base: Omit<ResultReply, 'outcome' | 'status'>, why: StopReason,
): ResultReply | null {
  switch (why.kind) {
    case 'canceled':
      // Others may wait for the same job; for them it is a conflict (api.md, section 2).
      return {
        ...base, outcome: 'canceled', status: 409,
        error: { class: 'canceled', message: `The job was canceled (${why.by}).` },
      };
    case 'expired':
      return {
        ...base, outcome: 'expired', status: 504,
        error: { class: 'expired', message: 'The deadline of the job has passed.' },
      };
    case 'returned':
      return null;
  }
}

/** Larger ones are read from the log by the ingress. Three bytes for a UTF-16 unit at most. */
function smallEnough(body: string): string | null {
  const fits = body.length * 3 <= replyBytesMax || Buffer.byteLength(body) <= replyBytesMax;
  return fits ? body : null;
}
