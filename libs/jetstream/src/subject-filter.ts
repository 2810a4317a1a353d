// Which filter a consumer gets for a list of subjects: the server's own where it can, ours else.
import { type ConsumerConfig } from '@nats-io/jetstream';
import { allSubjects } from '@libs/events/subjects';
import { subjectMatches } from '@libs/log/subject-match';

export interface ConsumerFilter {
  readonly config: Pick<Partial<ConsumerConfig>, 'filter_subject' | 'filter_subjects'>;
  /** The server sends more than was asked for: each subject must be checked. */
  readonly checkSubjects: boolean;
}

/** Servers before 2.10 know one filter only; newer ones refuse filters that overlap. */
export function consumerFilter(subjects: readonly string[], severalFilters: boolean): ConsumerFilter {
  const wanted = withoutCovered([...new Set(subjects)]);
  const [first] = wanted;
  if (wanted.length === 1 && first !== undefined) {
    return { config: { filter_subject: first }, checkSubjects: false };
  }
  const apart = wanted.every((a, index) => wanted.slice(index + 1).every((b) => !overlap(a, b)));
  if (severalFilters && apart) return { config: { filter_subjects: wanted }, checkSubjects: false };
  return { config: { filter_subject: allSubjects }, checkSubjects: true };
}

function withoutCovered(patterns: readonly string[]): string[] {
  return patterns.filter((pattern) => !patterns.some((other) => other !== pattern
    && subjectMatches(other, pattern) && (other.endsWith('>') || !pattern.endsWith('>'))));
}

function overlap(a: string, b: string): boolean {
  const left = a.split('.');
  const right = b.split('.');
  for (let index = 0; index < Math.min(left.length, right.length); index += 1) {
    const [x, y] = [left[index], right[index]];
    if (x === '>' || y === '>') return true;
    if (x !== y && x !== '*' && y !== '*') return false;
  }
  return left.length === right.length;
}
