// A stream that broke behind content its client has: what is needed to go on with it, and when that
// is no longer possible.
import type { Catalogue } from '@libs/events/catalogue';
import type { LinePosition } from '@libs/events/content';
import type { Continuing, JobFacts, JobState, RunningJob, Seam } from './state';

/** A request that breaks four streams is more likely the cause of it than its providers are. */
const continuationsMax = 3;

/** What is gone on with, null when nothing can be. */
export function continuingOf(job: JobFacts): Continuing | null {
  const { continuing, submitted } = job;
  if (continuing === undefined || submitted.mode !== 'stream') return null;
  return continuing.seams.length <= continuationsMax ? continuing : null;
}

/**
 * After the running routing was abandoned. One whose worker is gone may have sent more than anybody
 * knows of under the same name: what it continued is lost with it.
 */
export function continuingAfter(
  job: RunningJob, data: Catalogue['AttemptAbandoned'], at: LinePosition,
): Continuing | undefined {
  const { attempt, continuation } = data;
  if (attempt === null) return undefined;
  if (continuation === undefined) return data.content_sent ? undefined : job.continuing;
  const { stream, next_index: nextIndex, answer, chars } = continuation;
  const seam = { afterChars: chars, broken: attempt.attempt_id };
  return { stream, nextIndex, answer, at, seams: [...job.continuing?.seams ?? [], seam] };
}

export interface SeamView {
  readonly after_chars: number;
  /** The attempt that went on from there; null while none has. */
  readonly attempt_id: string | null;
}

/** Where the answer of a job changes from one attempt to the next. */
export function seamsOf(job: JobState): readonly SeamView[] {
  const seams: readonly Seam[] = job.continuing?.seams ?? [];
  const answered = job.attempts.findLast(({ outcome }) => outcome === 'succeeded');
  return seams.map(({ afterChars }, index) => ({
    after_chars: afterChars,
    attempt_id: seams[index + 1]?.broken ?? answered?.attempt_id ?? null,
  }));
}
