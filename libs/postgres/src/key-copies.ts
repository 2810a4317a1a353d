// The copy of the bucket of wrapped data keys: what was made is added, what was erased is removed.
import { subjects } from '@libs/events/subjects';
import { type Database } from './database';

export interface KeyEntry {
  readonly name: string;
  readonly value: string;
}

export interface CopyPosition {
  /** Which bucket: one that is made anew begins at its start. */
  readonly bucket: string;
  readonly sequence: number;
}

export interface KeyChanges {
  readonly entries: readonly KeyEntry[];
  /** Ids of keys that were destroyed, with the names under which they stood. */
  readonly erased: readonly { readonly name: string; readonly id: string }[];
  readonly position: CopyPosition;
}

const pageRows = 1_000;

export async function readCopyPosition(database: Database): Promise<CopyPosition> {
  const [row] = await database.query<{ bucket: string; sequence: string }>(
    'SELECT bucket, sequence FROM content_keys_position',
  );
  return { bucket: row?.bucket ?? '', sequence: Number(row?.sequence ?? 0) };
}

/** In one transaction: additions, then removals. */
export async function writeKeyChanges(database: Database, changes: KeyChanges): Promise<void> {
  const { entries, erased, position } = changes;
  // The last one of a name counts.
  const latest = [...new Map(entries.map((entry) => [entry.name, entry.value]))];
  await database.transaction(async (client) => {
    await client.query(
      `INSERT INTO content_keys (name, value) SELECT * FROM unnest($1::text[], $2::text[])
       ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
      [latest.map(([name]) => name), latest.map(([, value]) => value)],
    );
    await client.query(
      `DELETE FROM content_keys USING unnest($1::text[], $2::text[]) AS gone (name, id)
       WHERE content_keys.name = gone.name AND content_keys.value::json ->> 'id' = gone.id`,
      [erased.map(({ name }) => name), erased.map(({ id }) => id)],
    );
    await client.query(
      'UPDATE content_keys_position SET bucket = $1, sequence = $2',
      [position.bucket, position.sequence],
    );
  });
  // The rows are gone from the table's file as soon as nobody can see them.
  if (erased.length > 0) await database.query('VACUUM content_keys');
}

/** Copies of keys whose days are over go; how many that were. */
export async function dropKeysUntil(database: Database, nowMs: number): Promise<number> {
  const dropped = await database.query(
    'DELETE FROM content_keys WHERE kept_until <= $1 RETURNING name', [Math.floor(nowMs / 1000)],
  );
  if (dropped.length > 0) await database.query('VACUUM content_keys');
  return dropped.length;
}

/** Every copied entry, by name. */
export async function* copiedKeys(database: Database): AsyncGenerator<KeyEntry> {
  for (let after = ''; ;) {
    const page = await database.query<{ name: string; value: string }>(
      `SELECT name, value FROM content_keys WHERE name > $1 ORDER BY name LIMIT ${pageRows}`, [after],
    );
    yield* page;
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.name;
  }
}

/** Archived commits of configuration that tell of erasures. */
export async function* erasureCommits(database: Database): AsyncGenerator<Uint8Array> {
  for (let after = 0; ;) {
    const page = await database.query<{ sequence: string; bytes: Buffer }>(
      `SELECT sequence, bytes FROM commits
       WHERE subject = $1 AND sequence > $2 AND position('"type":"SubjectErased"'::bytea IN bytes) > 0
       ORDER BY sequence LIMIT ${pageRows}`, [subjects.governance, after],
    );
    for (const { bytes } of page) yield bytes;
    const last = page.at(-1);
    if (last === undefined) return;
    after = Number(last.sequence);
  }
}
