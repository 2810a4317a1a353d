// Makes the `JobSubmitted` of a request: everything that later decisions need, and nothing that
// only this instance knows.
import { type ContentLine } from '@libs/events/content';
import { type HoldfastEvent, stamp } from '@libs/events/envelope';
import { type Catalogue } from '@libs/events/catalogue';
import { type Mode } from '@libs/events/job-events';
import { type VirtualKey } from '@libs/governance/state';
import { type DataKey } from '@libs/content-keys/data-key';
import { type PreparedContent, sha256Hex } from '@libs/log/content';
import { type Inspection } from '@libs/surfaces/inspection';
import { type Endpoint, surfaceOf } from '@libs/surfaces/surface';
import { newEventId, newJobId } from '@libs/telemetry/ids';
import { type RequestOptions } from './request-options';

export interface SubmissionInput {
  readonly key: VirtualKey;
  readonly endpoint: Endpoint;
  readonly mode: Mode;
  readonly inspection: Inspection;
  readonly options: RequestOptions;
  readonly bodyText: string;
  readonly content: PreparedContent;
  /** null: content is not sealed. */
  readonly subject: SubjectKey | null;
  readonly passedHeaders: Readonly<Record<string, string>>;
  readonly webhookEndpointId: string | null;
  readonly runAtMs: number | null;
  readonly deadlineAtMs: number;
  /** What conditions of routes may ask; null: no route has any. */
  readonly facts: NonNullable<Catalogue['JobSubmitted']['facts']> | null;
  readonly redriveOf?: string;
  /** Of the body as it came, where it was changed; null: it was not. */
  readonly askedSha256: string | null;
}

/**
 * Whom a request is about, and the key that stands for them as long as they are not erased; content
 * may be sealed by another one, which its policy destroys earlier.
 */
export interface SubjectKey {
  readonly name: string;
  readonly key: DataKey;
}

export interface Submission {
  readonly job: string;
  readonly tenant: string;
  readonly event: HoldfastEvent<'JobSubmitted'>;
  readonly content: readonly ContentLine[];
}

/** Somebody waits: the SDKs' own limit. Nobody waits: a day. */
const deadlineDefaultS = { sync: 600, stream: 600, async: 24 * 3600 } as const;

export function deadlineOf(
  mode: Mode, { deadlineS }: RequestOptions, runAtMs: number | null, nowMs: number,
): number {
  const startMs = runAtMs === null ? nowMs : Math.max(nowMs, runAtMs);
  return startMs + (deadlineS ?? deadlineDefaultS[mode]) * 1000;
}

export function makeSubmission(
  input: SubmissionInput, instance: string, nowMs: number,
): Submission {
  const job = newJobId();
  const { tenant } = input.key;
  const event = stamp(
    { type: 'JobSubmitted', subject: job, tenant, data: submitted(input, instance) },
    newEventId(), nowMs,
  ) as HoldfastEvent<'JobSubmitted'>;
  return { job, tenant, event, content: input.content.lines };
}

function submitted(input: SubmissionInput, instance: string): Catalogue['JobSubmitted'] {
  const { endpoint, inspection, key, mode, options } = input;
  const waited = mode !== 'async';
  const keyed = options.idempotencyKey !== null;
  return {
    call: {
      surface: surfaceOf(endpoint),
      endpoint,
      stream: inspection.stream,
      stream_usage: inspection.wantsStreamUsage,
      // A keyed job that nobody waits for is told its verdict here, nothing else.
      reply_to: waited || keyed ? instance : null,
      headers: input.passedHeaders,
    },
    mode,
    model: inspection.model,
    body: input.content.ref,
    key: key.id,
    team: key.created.team,
    priority: options.priority ?? (waited ? 'interactive' : 'normal'),
    deadline_at_ms: input.deadlineAtMs,
    run_at_ms: input.runAtMs,
    on_disconnect: waited ? options.onDisconnect ?? (keyed ? 'continue' : 'cancel') : 'continue',
    idempotency: options.idempotencyKey === null
      ? null
      : { key: options.idempotencyKey, body_sha256: bodyFingerprint(input) },
    webhook: input.webhookEndpointId === null ? null : { endpoint_id: input.webhookEndpointId },
    metadata: options.metadata,
    ...(input.subject === null ? {} : { data_subject: input.subject.name }),
    fallbacks: [...options.fallbacks],
    needs: [...inspection.needs],
    prompt_tokens_estimate: inspection.promptTokensEstimate,
    max_output_tokens: inspection.maxOutputTokens,
    ...(inspection.answers === 1 ? {} : { answers: inspection.answers }),
    ...(options.session === null ? {} : { session: options.session }),
    ...(input.facts === null ? {} : { facts: input.facts }),
    ...(options.overBudget === 'wait' && !waited ? { over_budget: 'wait' as const } : {}),
    ...(input.redriveOf === undefined ? {} : { redrive_of: input.redriveOf }),
  };
}

/**
 * What a repetition of the request has in common with it. The endpoint is part of what was asked; the
 * body alone would not tell. A plain hash of a short prompt could be guessed after its erasure.
 */
function bodyFingerprint({ endpoint, subject, bodyText, askedSha256, content }: SubmissionInput): string {
  if (subject === null) return sha256Hex(`${endpoint}\n${askedSha256 ?? content.ref.sha256}`);
  return subject.key.fingerprint(`${endpoint}\n${askedSha256 ?? sha256Hex(bodyText)}`);
}
