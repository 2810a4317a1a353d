// How long answers are where the client sets no bound, by key and model asked for: what a request is
// held for follows from it. A histogram that forgets, of additions, halvings and comparisons alone, so
// that a fold gives the same on every machine.
import type { Candidate } from '@libs/events/job-events';
import type { JobFacts } from '@libs/jobs/state';
import { outputTokensDefault } from '../hold';

/** Counts by bucket of length. */
export interface OutputLengths {
  /** Sum of the counts. */
  total: number;
  readonly counts: number[];
  /** Answers that were as long as 99 of 100, at most; made anew with each answer. */
  longest: number;
}

/** Upper ends from 16 to about two million tokens, each a tenth above the last: the error of a length. */
const ends: readonly number[] = Array.from({ length: 124 }).reduce<number[]>(
  (all) => [...all, Math.ceil((all.at(-1) ?? 14.5) * 1.1)], [],
);
/** Then all counts are halved: the last five hundred to thousand answers count. */
const totalMax = 1_000;
/** Of an eighth of one answer nothing is told any more. */
const forgottenBelow = 1 / 8;
/** Fewer say nothing of one in a hundred. */
const seenMin = 100;
/** One answer in a hundred may be longer; what comes next may be longer than what was. */
const longerShare = 0.01;
/** By hundredths: whole numbers. */
const marginPercent = 125;
/** Short answers become long with one other prompt. */
const estimateMin = 256;
/** Keys with models they ask for, in one partition; the first learned is the first forgotten. */
const learnedMax = 5_000;

export type LearnedLengths = Map<string, OutputLengths>;

/** An answer without a bound has ended. */
export function learnLength(
  learned: LearnedLengths, { submitted }: Pick<JobFacts, 'submitted'>, tokens: number,
): void {
  const name = nameOf(submitted);
  let lengths = learned.get(name);
  if (lengths === undefined) {
    learned.set(name, lengths = { total: 0, counts: [], longest: 0 });
    if (learned.size > learnedMax) learned.delete(learned.keys().next().value as string);
  }
  addLength(lengths, tokens);
}

/**
 * How many tokens of output a request without a bound is held for: by what was seen, at most what any
 * of the candidates can answer with. undefined: the request names a bound, or nothing is learned.
 */
export function estimateFor(
  { submitted }: Pick<JobFacts, 'submitted'>, entries: readonly { readonly candidate: Candidate }[],
  { limits, learnsLengths = true }: {
    readonly limits?: { readonly ledger: { readonly lengths: LearnedLengths } };
    readonly learnsLengths?: boolean;
  },
): number | undefined {
  if (submitted.max_output_tokens !== null || !learnsLengths) return undefined;
  const lengths = limits?.ledger.lengths.get(nameOf(submitted));
  const estimate = lengths === undefined ? outputTokensDefault : estimateOf(lengths);
  let most = 0;
  for (const { candidate: { price } } of entries) most = Math.max(most, price?.context_tokens ?? Infinity);
  return Math.min(estimate, most);
}

/** The bound that 99 of 100 answers keep, and some more. */
export function estimateOf({ total, longest }: OutputLengths): number {
  if (total < seenMin) return outputTokensDefault;
  return Math.max(estimateMin, Math.ceil(longest * marginPercent / 100));
}

/** The job as if it had named that bound; one that names its own is left as it is. */
export function boundedBy<J extends Pick<JobFacts, 'submitted'>>(
  job: J, tokens: number | undefined,
): J {
  if (tokens === undefined || job.submitted.max_output_tokens !== null) return job;
  return { ...job, submitted: { ...job.submitted, max_output_tokens: tokens } };
}

export function addLength(lengths: OutputLengths, tokens: number): void {
  const { counts } = lengths;
  const bucket = bucketOf(tokens);
  while (counts.length <= bucket) counts.push(0);
  counts[bucket] = (counts[bucket] as number) + 1;
  lengths.total += 1;
  if (lengths.total >= totalMax) halve(lengths);
  lengths.longest = longestOf(lengths);
}

function halve(lengths: OutputLengths): void {
  const { counts } = lengths;
  let total = 0;
  for (let bucket = 0; bucket < counts.length; bucket += 1) {
    const half = (counts[bucket] as number) / 2;
    counts[bucket] = half < forgottenBelow ? 0 : half;
    total += counts[bucket] as number;
  }
  lengths.total = total;
}

/** The end of the bucket above which no more than one answer in a hundred lies. */
function longestOf({ counts, total }: OutputLengths): number {
  let above = 0;
  for (let bucket = counts.length - 1; bucket > 0; bucket -= 1) {
    above += counts[bucket] as number;
    if (above > total * longerShare) return ends[bucket] as number;
  }
  return ends[0] as number;
}

function bucketOf(tokens: number): number {
  let low = 0;
  let high = ends.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (tokens <= (ends[middle] as number)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function nameOf({ key, model }: JobFacts['submitted']): string {
  return `${key}\n${model}`;
}
