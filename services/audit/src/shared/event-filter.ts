// From a question about events to what the events index is asked: times become commits, texts words.
import { type Database } from '@libs/postgres/database';
import { firstSequenceSince } from '@libs/postgres/archive-store';
import { type EventFilter, leavesOf, type LeafRange } from '@libs/postgres/event-reads';
import { type AuditRefused, type EventsQuestion, type Moment } from '@libs/signals/ask-audit';
import { wordsOf } from './metadata-words';

export interface Asked {
  readonly filter: EventFilter;
  readonly within: LeafRange;
}

/** `size`: event lines that can be found. */
export async function askedOf(
  database: Database, question: EventsQuestion, size: number,
): Promise<Asked | AuditRefused> {
  const { from, to, metadata, types, ...equal } = question;
  const words = metadata === null ? null : wordsOf(metadata);
  if (words?.length === 0) {
    return { refused: 'invalid_value', message: 'metadata has no letter or digit to look for.' };
  }
  const filter: EventFilter = {
    ...equal, types, words,
    fromSequence: from === null ? null : await firstOf(database, from),
    toSequence: to === null ? null : await lastOf(database, to),
  };
  return { filter, within: await leavesOf(database, filter, size) };
}

/** Behind all of them when there is none yet. */
async function firstOf(database: Database, moment: Moment): Promise<number> {
  if ('sequence' in moment) return moment.sequence;
  return await firstSequenceSince(database, moment.timeMs) ?? Number.MAX_SAFE_INTEGER;
}

async function lastOf(database: Database, moment: Moment): Promise<number | null> {
  if ('sequence' in moment) return moment.sequence;
  const first = await firstSequenceSince(database, moment.timeMs);
  return first === null ? null : first - 1;
}
