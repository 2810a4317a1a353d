// Runs a failed job again (a dead letter above all): a new job with the old one's request, which
// says what it was made from.
import { type FastifyRequest } from 'fastify';
import { type VirtualKey } from '@libs/governance/state';
import { type JobState, type SettledJob } from '@libs/jobs/state';
import { dataSubjectOf } from '@libs/surfaces/data-subject';
import { isObject, parseJson } from '@libs/surfaces/json';
import { isEndpoint } from '@libs/surfaces/surface';
import { Fault } from '@libs/faults/faults';
import { type Edge } from '../shared/edge';
import { findJob, queuedView } from '../shared/job-views';
import { type Asked, checkBody, mayAsk } from '../shared/read-request';
import { readCommit, readContent } from '../shared/read-content';
import { type HttpRefusal, isRefusal, refusal } from '../shared/refusal';
import { prepareSubmission } from '../shared/submit';

export async function redrive(
  edge: Edge, request: FastifyRequest, id: string,
): Promise<{ job: string; view: unknown } | HttpRefusal> {
  const key = edge.authenticate(request);
  if (isRefusal(key)) return key;
  const found = await findJob(edge, key, id);
  if (isRefusal(found)) return found;
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
  await edge.appends.submit(submission);
  return { job: submission.job, view: queuedView(submission) };
}

async function askedAgain(
  edge: Edge, key: VirtualKey, state: SettledJob, request: FastifyRequest,
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
  // By the rules of now, and of the key that asks for it.
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
  return mayAsk(edge, key, asked, request) ?? asked;
}

/** @throws Fault content_erased, object_missing */
async function bodyOf(edge: Edge, state: SettledJob): Promise<string> {
  const { body } = state.submitted;
  const sources = edge.contentSources;
  const commit = body.where === 'object'
    ? { contentLines: [] } : await readCommit(sources, state.at.sequence);
  return readContent(sources, commit, body);
}
