import { describe, expect, it } from '@jest/globals';
import { schemas } from '@libs/events/catalogue';
import { type AnyEvent } from '@libs/events/envelope';
import { evolve } from '@libs/jobs/evolve';
import { type JobState } from '@libs/jobs/state';
import { makeJob, routedEntry, settledEntry, submittedEntry } from './settled-jobs';

const job = makeJob(17, 'customer-1', 1_790_000_000_000);
const entries = [
  submittedEntry(job), routedEntry(job, { sequence: 1, line: 0 }), settledEntry(job),
];
const events = entries.flatMap((entry) => entry.events);

describe('a made job', () => {
  it.each(events)('has facts as the catalogue knows them: $type', (event) => {
    expect(() => schemas[event.type].parse(event.data)).not.toThrow();
  });

  it('is a success after its three facts, in the fold of the product', () => {
    const after = events.reduce<JobState | undefined>(
      (state, event: AnyEvent, index) => evolve(state, event, { sequence: index + 1, line: 0 }),
      undefined,
    );
    expect(after).toMatchObject({
      phase: 'settled', status: 'succeeded', id: job.id, tenant: 'customer-1',
    });
  });

  it('names the content that is appended with it', () => {
    const [submitted] = events;
    if (submitted?.type !== 'JobSubmitted') throw new Error('the first fact is the submission');
    expect(submitted.data.body.sha256).toBe(entries[0]?.content?.[0]?.sha256);
  });

  it('has ids of its own', () => {
    const other = makeJob(18, 'customer-1', 1_790_000_000_000);
    const ids = [...events, ...submittedEntry(other).events].map(({ id }) => id);
    expect(new Set(ids).size).toBe(4);
    expect(other.id).not.toBe(job.id);
    expect(other.prompt.sha256).not.toBe(job.prompt.sha256);
  });
});
