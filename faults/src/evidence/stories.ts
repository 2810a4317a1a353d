// What the log tells of each job, in log order: the plain reading that the checks weigh everything
// else against.
import { type AttemptRecord } from '@libs/events/attempts';
import { type AnyEvent, type HoldfastEvent } from '@libs/events/envelope';
import { type LoggedCommit, type LogEvidence } from './log-evidence';

export interface ToldEvent {
  readonly event: AnyEvent;
  readonly commit: LoggedCommit;
}

export interface JobStory {
  readonly id: string;
  readonly tenant: string;
  readonly submitted: HoldfastEvent<'JobSubmitted'>;
  readonly events: readonly ToldEvent[];
}

export type TerminalEvent = HoldfastEvent<
  'JobRejected' | 'JobCanceled' | 'JobExpired' | 'JobSucceeded' | 'JobFailed'
> & AnyEvent;

export interface Outcome {
  readonly event: TerminalEvent;
  readonly commit: LoggedCommit;
  readonly status: 'succeeded' | 'failed' | 'canceled' | 'expired';
}

export type Stories = ReadonlyMap<string, JobStory>;

export function storiesOf(log: LogEvidence): Stories {
  const stories = new Map<string, JobStory & { readonly events: ToldEvent[] }>();
  for (const commit of log.commits) {
    for (const event of commit.events) {
      if (event.type === 'JobSubmitted' && !stories.has(event.subject)) {
        const { subject: id, tenant } = event;
        stories.set(id, { id, tenant, submitted: event, events: [{ event, commit }] });
        continue;
      }
      stories.get(event.subject)?.events.push({ event, commit });
    }
  }
  return stories;
}

/** All terminal events, the outcome first. */
export function terminalsOf(story: JobStory): readonly Outcome[] {
  return story.events.flatMap(({ event, commit }) => {
    const status = statusOf(event);
    return status === null ? [] : [{ event: event as TerminalEvent, commit, status }];
  });
}

/** The job that a deduplicated one stands for; itself otherwise. */
export function firstOf(stories: Stories, job: string): JobStory | undefined {
  const story = stories.get(job);
  const dedup = story?.events.find(({ event }) => event.type === 'JobDeduplicated')?.event;
  return dedup?.type === 'JobDeduplicated' ? stories.get(dedup.data.of) : story;
}

export function isDeduplicated(story: JobStory): boolean {
  return story.events.some(({ event }) => event.type === 'JobDeduplicated');
}

/** The content that the outcome gives to the client, null when its commit has none. */
export function resultOf({ event, commit }: Outcome): string | null {
  if (event.type !== 'JobSucceeded' && event.type !== 'JobFailed') return null;
  return event.data.result === null ? null : commit.content.get(event.data.result.sha256) ?? null;
}

/** Every call that the story names, by attempt id; of several records the one that knows most. */
export function attemptsOf(story: JobStory): ReadonlyMap<string, AttemptRecord> {
  const attempts = new Map<string, AttemptRecord>();
  for (const { event } of story.events) {
    for (const attempt of attemptsIn(event)) {
      const known = attempts.get(attempt.attempt_id);
      if (known === undefined || knowledge(attempt) > knowledge(known)) {
        attempts.set(attempt.attempt_id, attempt);
      }
    }
  }
  return attempts;
}

/** What a worker wrote at the end of each routing that it ran; one end is what there may be. */
export function endsOf(story: JobStory): ReadonlyMap<number, readonly string[]> {
  const ends = new Map<number, string[]>();
  for (const { event } of story.events) {
    const begun = event.type === 'JobRouted' ? event.data.routing : null;
    if (begun !== null) ends.set(begun, ends.get(begun) ?? []);
    const ended = routingEnded(event);
    if (ended !== null) ends.set(ended, [...ends.get(ended) ?? [], event.type]);
  }
  return ends;
}

export function requestOf(story: JobStory): string {
  return story.submitted.data.metadata['request'] ?? '';
}

function statusOf(event: AnyEvent): Outcome['status'] | null {
  if (event.type === 'JobSucceeded') return 'succeeded';
  if (event.type === 'JobFailed' || event.type === 'JobRejected') return 'failed';
  if (event.type === 'JobCanceled') return 'canceled';
  return event.type === 'JobExpired' ? 'expired' : null;
}

export function attemptsIn(event: AnyEvent): readonly AttemptRecord[] {
  const { data } = event;
  if ('attempts' in data) return data.attempts;
  return 'attempt' in data && data.attempt !== null ? [data.attempt] : [];
}

const endTypes: readonly string[] = [
  'AttemptAbandoned', 'AttemptReturned', 'PlanExhausted', 'JobSucceeded', 'JobFailed',
  'JobCanceled', 'JobExpired',
];

/** Which routing this is the end of; an abandonment without an attempt is a redelivery that says that it knows nothing. */
export function routingEnded({ type, data }: AnyEvent): number | null {
  if (!endTypes.includes(type) || !('routing' in data)) return null;
  return 'attempt' in data && data.attempt === null ? null : data.routing;
}

export function knowledge({ cost_pico_usd: cost, outcome }: AttemptRecord): number {
  return (cost === null ? 0 : 2) + (outcome === 'unknown' ? 0 : 1);
}
