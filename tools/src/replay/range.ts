// Part of the log, by sequences or by times.
import { type Commit } from '@libs/log/log';
import { Failure } from '../shared/failure';

export type IsWithin = (commit: Pick<Commit, 'sequence' | 'appendedAtMs'>) => boolean;

/** Both ends belong to it; one that is absent is the log's own. @throws Failure for a place that is none. */
export function rangeOf(flags: { readonly from?: string; readonly to?: string }): IsWithin {
  const from = flags.from === undefined ? null : placeOf(flags.from, '--from');
  const to = flags.to === undefined ? null : placeOf(flags.to, '--to');
  return (commit) => (from === null || at(commit, from) >= from.value)
    && (to === null || at(commit, to) <= to.value);
}

interface Place {
  readonly kind: 'sequence' | 'time';
  readonly value: number;
}

function placeOf(text: string, flag: string): Place {
  if (/^\d+$/.test(text)) return { kind: 'sequence', value: Number(text) };
  const value = Date.parse(text);
  if (Number.isNaN(value)) {
    throw new Failure(`${flag} takes a sequence (1200) or a time (2026-11-26T10:00Z), not "${text}".`);
  }
  return { kind: 'time', value };
}

function at(commit: Pick<Commit, 'sequence' | 'appendedAtMs'>, { kind }: Place): number {
  return kind === 'sequence' ? commit.sequence : commit.appendedAtMs;
}
