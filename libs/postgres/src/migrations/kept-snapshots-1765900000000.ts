// Snapshots of the routers' fold at moments of the past, and what a fold from them needs to find.
// Everything here can be dropped: the past is then folded from the archive's beginning.
import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class KeptSnapshots1765900000000 implements MigrationInterface {
  name = 'KeptSnapshots1765900000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX commits_of_governance');
    await runner.query('DROP TABLE kept_snapshots');
  }
}

const statements = [
  `CREATE TABLE kept_snapshots (
     sequence bigint PRIMARY KEY,
     msg_id text NOT NULL,
     appended_at timestamptz NOT NULL,
     fold_version int NOT NULL,
     partition_count int NOT NULL,
     data bytea NOT NULL
   )`,
  // Compressed already: trying again costs time.
  'ALTER TABLE kept_snapshots ALTER COLUMN data SET STORAGE EXTERNAL',
  // Few among millions, and all of them before a moment are folded beside its snapshot.
  `CREATE INDEX commits_of_governance ON commits (sequence) WHERE subject = 'events.governance'`,
];
