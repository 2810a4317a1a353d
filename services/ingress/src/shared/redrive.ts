// Runs a failed job again (a dead letter above all): a new job with the old one's request, which
// says what it was made from.
import { type FastifyRequest } from 'fastify';
import { type EventDraft } from '@libs/events/envelope';
import { type VirtualKey } from '@libs/governance/state';
import { type JobState, type SettledJob } from '@libs/jobs/state';
import { dataSubjectOf } from '@libs/surfaces/data-subject';
import { isObject, parseJson } from '@libs/surfaces/json';
import { isEndpoint } from '@libs/surfaces/surface';
import { Fault } from '@libs/faults/faults';
import { type Edge } from './edge';
import { type FoundJob, queuedView } from './job-views';
import { readCommit, readOriginal } from './read-content';
import { type Asked, checkBody, mayAsk, modelDenied } from './read-request';
import { type HttpRefusal, isRefusal, refusal } from './refusal';
import { prepareSubmission } from './submit';

export interface RedriveOrder {
  readonly found: FoundJob;
  /** Under which the new job runs. */
  readonly key: VirtualKey;
  /** Of the key's holder; null: an administrator asks, and a denial is none of the key. */
  readonly request: FastifyRequest | null;
  /** What goes into the log together with it. */
  readonly also?: (job: string) => EventDraft;
}

/** @throws Fault archive_unavailable, object_missing, log_unavailable, log_full */
export async function redrive(
  edge: Edge, { found, key, request, also }: RedriveOrder,
): Promise<{ job: string; view: unknown } | HttpRefusal> {
  if (found.view.status !== 'failed' && found.view.status !== 'expired') {
    return refusal(409, 'not_redrivable',
      `Only a failed or expired job can be run again; this one is ${String(found.view.status)}.`);
  }
  const refused = edge.admission.refuseWork();
  if (refused !== null) return refused;
  // The archive follows the log within a moment, and only it has the submission's position.
  const archived = await edge.archive.find(found.id);
  const state = archived?.state as JobState | undefined;
  if (state?.phase !== 'settled') {
    throw new Fault('archive_unavailable', `${found.id} is not archived yet`);
  }
  const asked = await askedAgain(edge, key, state, request);
  if (isRefusal(asked)) return asked;
  const submission = await prepareSubmission(edge, asked, { mode: 'async', redriveOf: found.id });
  if (isRefusal(submission)) return submission;
  await edge.appends.submit(submission, also?.(submission.job));
  return { job: submission.job, view: queuedView(submission) };
}

async function askedAgain(
  edge: Edge, key: VirtualKey, state: SettledJob, request: FastifyRequest | null,
): Promise<Asked | HttpRefusal> {
  const {
    call, body, webhook, metadata, fallbacks, session, facts, over_budget: overBudget,
    data_subject: subjectName,
  } = state.submitted;
  const bodyText = await bodyOf(edge, state);
  const parsed = parseJson(bodyText);
  if (!isObject(parsed) || !isEndpoint(call.endpoint)) {
    throw new Fault('object_missing', `the request of ${state.id} (${body.sha256}) is not kept`);
  }
  const { endpoint } = call;
  // By the rules of now, and of the key that it is booked on.
  const checked = checkBody({
    state: edge.governance.state, key, endpoint, body: parsed, bodyText,
    options: {
      idempotencyKey: null, respondAsync: true, waitS: null, priority: state.submitted.priority,
      deadlineS: null, onDisconnect: null, metadata, fallbacks, session: session ?? null,
      subject: dataSubjectOf(parsed),
      overBudget: overBudget ?? null,
      webhook: webhook === null ? null : { kind: 'endpoint', id: webhook.endpoint_id },
    },
  });
  if (isRefusal(checked)) return checked;
  const asked = {
    ...checked, key, endpoint, passedHeaders: call.headers, facts: facts ?? null,
    ...(subjectName === undefined ? {} : { subjectName }),
  };
  if (request !== null) return mayAsk(edge, key, asked, request) ?? asked;
  const denied = modelDenied(edge.governance.state, key, asked);
  return denied === null ? asked : refusal(403, 'not_allowed', denied);
}

/** A redacted copy will not do. @throws Fault content_erased, content_not_kept, object_missing */
async function bodyOf(edge: Edge, state: SettledJob): Promise<string> {
  const { body } = state.submitted;
  const sources = edge.contentSources;
  const commit = body.where === 'object'
    ? { contentLines: [] } : await readCommit(sources, state.at.sequence);
  return readOriginal(sources, commit, body);
}
