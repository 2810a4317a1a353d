// The archived stories of jobs, up to a commit.
import { type LinePosition } from '@libs/events/content';
import { type AnyEvent } from '@libs/events/envelope';
import { parseEventLine, splitCommit } from '@libs/events/parse-commit';
import { linesPerCommitMax } from './archive-store';
import { type Database } from './database';

export interface StoryEvent {
  readonly position: LinePosition;
  readonly event: AnyEvent;
}

/** Of each job that has any: its events that stand before `sequence`, in log order. */
export async function storiesBefore(
  database: Database, ids: readonly string[], sequence: number,
): Promise<Map<string, StoryEvent[]>> {
  if (ids.length === 0) return new Map();
  const jobs = await database.query<{ id: string; positions: string[] }>(
    'SELECT id, positions FROM jobs WHERE id = ANY($1)', [ids],
  );
  const places = jobs.map(({ id, positions }) => ({
    id, at: positions.map(placeOf).filter((place) => place.sequence < sequence),
  }));
  const wanted = [...new Set(places.flatMap(({ at }) => at.map((place) => place.sequence)))];
  const lines = await eventLines(database, wanted);
  return new Map(places.filter(({ at }) => at.length > 0).map(({ id, at }) => [
    id,
    at.flatMap((position) => {
      const text = lines.get(position.sequence)?.[position.line];
      return text === undefined ? [] : [{ position, event: parseEventLine(text, position.line) }];
    }),
  ]));
}

async function eventLines(
  database: Database, sequences: readonly number[],
): Promise<Map<number, readonly string[]>> {
  if (sequences.length === 0) return new Map();
  const commits = await database.query<{ sequence: string; bytes: Buffer }>(
    'SELECT sequence, bytes FROM commits WHERE sequence = ANY($1)', [sequences],
  );
  return new Map(commits.map(({ sequence, bytes }) =>
    [Number(sequence), splitCommit(bytes).eventLines]));
}

function placeOf(text: string): LinePosition {
  const value = Number(text);
  return { sequence: Math.floor(value / linesPerCommitMax), line: value % linesPerCommitMax };
}
