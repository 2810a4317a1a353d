// Dead letters: found by what ended them, and commits that cannot be read parked with their error.
import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class DeadLetters1764600000000 implements MigrationInterface {
  name = 'DeadLetters1764600000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE jobs ADD COLUMN error_class text');
    await fillErrorClass(runner);
    await runner.query(
      `CREATE INDEX jobs_dead ON jobs (id DESC) WHERE error_class = 'dead_letter'`,
    );
    await runner.query(
      `CREATE TABLE broken_commits (
         sequence bigint PRIMARY KEY,
         subject text NOT NULL,
         appended_at timestamptz NOT NULL,
         size_bytes int NOT NULL,
         error text NOT NULL
       )`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE broken_commits');
    await runner.query('ALTER TABLE jobs DROP COLUMN error_class');
  }
}

/** A page of states is some megabytes. */
const pageRows = 1_000;

/** Of jobs archived before. As JSON here: PostgreSQL's own refuses U+0000 in texts. */
async function fillErrorClass(runner: QueryRunner): Promise<void> {
  let after = '';
  for (;;) {
    const rows = await runner.query(
      `SELECT id, state FROM jobs WHERE status = 'failed' AND id > $1 ORDER BY id LIMIT $2`,
      [after, pageRows],
    ) as { id: string; state: string }[];
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.id;
    await runner.query(
      `UPDATE jobs SET error_class = new.error_class
       FROM unnest($1::text[], $2::text[]) AS new (id, error_class) WHERE jobs.id = new.id`,
      [rows.map(({ id }) => id), rows.map(({ state }) => errorClassOf(state))],
    );
  }
}

function errorClassOf(state: string): string | null {
  const { error } = JSON.parse(state) as { error?: { class?: string } | null };
  return error?.class ?? null;
}
