// Check 1: every accepted job has exactly one outcome, none is lost, and no fact stands twice.
import { type Evidence } from '../evidence/evidence';
import { type LogEvidence } from '../evidence/log-evidence';
import {
  firstOf, isDeduplicated, type JobStory, type Stories, terminalsOf,
} from '../evidence/stories';
import { type RequestNote } from '../notes';
import { verdict, type Verdict } from './verdict';

type Given = Pick<Evidence, 'log' | 'stories' | 'requests' | 'views'>;

export function checkOutcomes({ log, stories, requests, views }: Given): Verdict {
  const accepted = acceptedJobs(requests);
  const all = [...stories.values()];
  const settled = all.map((story) => terminalsOf(story));
  const late = settled.reduce((sum, ends) => sum + Math.max(0, ends.length - 1), 0);
  return verdict(1, 'every accepted job has exactly one outcome', {
    accepted: accepted.size,
    jobs: all.length,
    deduplicated: all.filter(isDeduplicated).length,
    ...countByStatus(settled.flatMap(([first]) => (first === undefined ? [] : [first.status]))),
    'late outcomes': late,
  }, [
    ...[...accepted].flatMap((job) => acceptedFindings(stories, job)),
    ...all.flatMap((story) => storyFindings(stories, story)),
    ...shownFindings(stories, views),
    ...keyFindings(all),
    ...twiceFindings(log),
  ]);
}

/** Jobs of which a client had a 202, or an answer. */
export function acceptedJobs(requests: readonly RequestNote[]): Set<string> {
  const accepted = new Set<string>();
  for (const { tries } of requests) {
    for (const { status, job } of tries) {
      if (job !== null && (status === 200 || status === 202)) accepted.add(job);
    }
  }
  return accepted;
}

function acceptedFindings(stories: Stories, job: string): string[] {
  if (stories.has(job)) return [];
  return [`${job} was accepted and the log does not know it`];
}

function storyFindings(stories: Stories, story: JobStory): string[] {
  const findings: string[] = [];
  const { id } = story;
  const terminals = terminalsOf(story);
  if (isDeduplicated(story)) {
    if (firstOf(stories, id) === undefined) findings.push(`${id} is a duplicate of no job`);
    if (terminals.length > 0) findings.push(`${id} is a duplicate with an outcome of its own`);
  } else if (terminals.length === 0) {
    const last = story.events.at(-1)?.event.type ?? 'nothing';
    findings.push(`${id} has no outcome; its story ends with ${last}`);
  }
  const routings = story.events.flatMap(({ event }) => (
    event.type === 'JobRouted' ? [event.data.routing] : []));
  if (new Set(routings).size < routings.length) {
    findings.push(`${id} has two routings of one number`);
  }
  return findings;
}

/** What the API shows is what the log says. */
function shownFindings(stories: Stories, views: Evidence['views']): string[] {
  const findings: string[] = [];
  for (const [job, view] of views) {
    const story = firstOf(stories, job);
    const status = story === undefined ? undefined : terminalsOf(story)[0]?.status;
    if (status !== undefined && view.status !== status) {
      findings.push(`${job} is ${status} in the log and shown as ${view.status}`);
    }
  }
  return findings;
}

/** One idempotency key of one virtual key: one job that succeeded, at most. */
function keyFindings(stories: readonly JobStory[]): string[] {
  const byKey = new Map<string, string[]>();
  for (const story of stories) {
    const { idempotency, key } = story.submitted.data;
    if (idempotency === null || terminalsOf(story)[0]?.status !== 'succeeded') continue;
    const name = `${key} ${idempotency.key}`;
    byKey.set(name, [...byKey.get(name) ?? [], story.id]);
  }
  return [...byKey].filter(([, jobs]) => jobs.length > 1)
    .map(([name, jobs]) => `idempotency key ${name} was answered by ${jobs.join(' and ')}`);
}

function twiceFindings({ commits }: LogEvidence): string[] {
  const seen = new Set<string>();
  const findings: string[] = [];
  for (const { message, events } of commits) {
    const { sequence, msgId } = message;
    if (msgId === '') findings.push(`commit ${sequence} has no message id`);
    else if (seen.has(msgId)) findings.push(`commit ${sequence} stands in the log twice`);
    seen.add(msgId);
    for (const { id, type } of events) {
      if (seen.has(id)) findings.push(`${type} ${id} stands in the log twice (at ${sequence})`);
      seen.add(id);
    }
  }
  return findings;
}

function countByStatus(statuses: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = { succeeded: 0, failed: 0, canceled: 0, expired: 0 };
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
