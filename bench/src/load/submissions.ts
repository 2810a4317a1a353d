// Submits jobs that nobody waits for, as fast as they are accepted.
import { Pool } from 'undici';
import { round } from '../statistics';
import { type JobSubmissions, type JobSubmissionsResult } from './jobs';
import { chatBody, headersFor } from './request';

/** A log that refuses everything must not be asked for ever. */
const errorsMax = 1_000;

export async function runSubmissions(job: JobSubmissions): Promise<JobSubmissionsResult> {
  const { target, connections, jobs } = job;
  const { origin, pathname } = new URL(`${target.baseUrl}/jobs`);
  const pool = new Pool(origin, { connections, pipelining: 1 });
  const headers = headersFor(target);
  const startedMs = performance.now();
  let begun = 0;
  let accepted = 0;
  let errors = 0;
  await Promise.all(Array.from({ length: connections }, async () => {
    while (begun < jobs && errors < errorsMax) {
      begun += 1;
      const body = `{"endpoint":"/v1/chat/completions","body":${chatBody(target, `job ${begun}`)}}`;
      const answer = await pool.request({ path: pathname, method: 'POST', headers, body });
      await answer.body.dump();
      if (answer.statusCode === 202) accepted += 1;
      else errors += 1;
    }
  }));
  await pool.close();
  return { accepted, errors, seconds: round((performance.now() - startedMs) / 1_000, 2) };
}
