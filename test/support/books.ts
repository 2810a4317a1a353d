// What became of jobs, held against what the simulated providers noted.
import { call, json, type JobView } from './api';
import { eventually, type Holdfast } from './holdfast';
import { type LedgerRecord } from './sim';

const ends = ['JobSucceeded', 'JobFailed', 'JobCanceled', 'JobExpired', 'JobRejected'];

export const lookAt = (holdfast: Holdfast, id: string): Promise<JobView> =>
  json<JobView>(call(holdfast, `/v1/jobs/${id}`));

/** Types of the job's terminal events in log order, as soon as `count` of them are archived. */
export async function endsOf(holdfast: Holdfast, id: string, count = 1): Promise<string[]> {
  return eventually(`${count} ends of ${id}`, async () => {
    const answer = await call(holdfast, `/v1/jobs/${id}/events`);
    const { data } = await json<{ data: { type: string }[] }>(answer);
    const found = data.map(({ type }) => type).filter((type) => ends.includes(type));
    return found.length >= count && found;
  });
}

/** Calls that cost money, or may, and are neither booked as served nor listed as unknown. */
export function missingInBooks(
  jobs: readonly JobView[], calls: readonly LedgerRecord[],
): LedgerRecord[] {
  const attempts = new Map(
    jobs.flatMap((job) => job.attempts).map((attempt) => [attempt.attempt_id, attempt]));
  return calls.filter(({ attempt, outcome, usage }) => {
    if (!['served', 'cut', 'hung', 'running'].includes(outcome)) return false;
    const booked = attempts.get(attempt);
    if (booked === undefined) return true;
    if (booked.outcome === 'unknown') return false;
    return booked.usage?.input_tokens !== usage.prompt
      || booked.usage.output_tokens !== usage.completion || booked.cost_usd === null;
  });
}
