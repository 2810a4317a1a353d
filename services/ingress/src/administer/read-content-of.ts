// Prompt and answer of a job for somebody who is not its client: written down first, then read.
import { z } from 'zod';
import { Fault } from '@libs/faults/faults';
import { type JobState } from '@libs/jobs/state';
import { type Actor } from '../shared/actor';
import { type Edge } from '../shared/edge';
import { readCommit, readContent } from '../shared/read-content';
import { type HttpRefusal, refusal } from '../shared/refusal';
import { type AnyJob } from './find-any-job';
import { recordRead } from './record-read';

const parts = ['request', 'answer'] as const;

export const contentQuery = z.strictObject({
  /** What is wanted, with commas between. */
  parts: z.string().default(parts.join(',')).transform((text) => text.split(','))
    .pipe(z.array(z.enum(parts)).min(1)),
  /** Why; it goes into the log. */
  reason: z.string().max(500).nullable().default(null),
});

/** @throws Fault log_unavailable, log_full, archive_unavailable, object_missing, content_erased */
export async function readContentOf(
  edge: Edge, actor: Actor, { id, tenant, terminal }: AnyJob, query: z.infer<typeof contentQuery>,
): Promise<object | HttpRefusal> {
  const wanted = query.parts.filter((part) => part === 'request' || terminal !== null);
  if (wanted.length === 0) {
    return refusal(409, 'job_not_settled', 'The job has no answer yet.');
  }
  const { reason } = query;
  await recordRead(edge, actor, {
    path: 'admin/jobs/content', job: id, tenant, parts: wanted, reason,
  });
  const request = wanted.includes('request') ? await requestText(edge, id) : null;
  const outcome = wanted.includes('answer') && terminal !== null
    ? await edge.read(id, terminal) : null;
  return {
    object: 'job_content', job: id, customer: tenant, request,
    answer: outcome === null ? null : {
      status: outcome.httpStatus, body: outcome.body, error: outcome.error,
    },
  };
}

/** As it was sent. */
async function requestText(edge: Edge, id: string): Promise<string> {
  const archived = await edge.archive.find(id);
  if (archived === null) throw new Fault('archive_unavailable', `${id} is not archived yet`);
  const { at, submitted: { body } } = archived.state as JobState;
  const sources = edge.contentSources;
  const commit = body.where === 'object'
    ? { contentLines: [] } : await readCommit(sources, at.sequence);
  return readContent(sources, commit, body);
}
