// The events index, the spend by day, and exports: derived from the archive, and caught up with it in
// the background, so that an archive of any size is ready at once.
import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class EventsIndex1764800000000 implements MigrationInterface {
  name = 'EventsIndex1764800000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      `DROP TABLE events, event_partitions, index_position, spend, labelled_spend, export_chunks,
         exports`,
    );
  }
}

const sums = `
  cost_pico_usd bigint NOT NULL,
  input_tokens bigint NOT NULL,
  output_tokens bigint NOT NULL,
  cached_tokens bigint NOT NULL,
  requests bigint NOT NULL,
  failed bigint NOT NULL,
  calls bigint NOT NULL,
  unknown bigint NOT NULL,
  resolved bigint NOT NULL`;

const spentBy = `
  id text PRIMARY KEY,
  day date NOT NULL,
  tenant text NOT NULL,
  team text,
  key text,
  provider text,
  model text`;

const statements = [
  // One row per event line, by its place among all event lines of the log. The line itself is a piece
  // of its commit. Full partitions get their indexes at once (event-partitions.ts).
  `CREATE TABLE events (
     leaf bigint PRIMARY KEY,
     sequence bigint NOT NULL,
     line int NOT NULL,
     line_offset int NOT NULL,
     line_length int NOT NULL,
     type text NOT NULL,
     subject text NOT NULL,
     tenant text NOT NULL,
     actor text,
     key text,
     team text,
     model text,
     provider text,
     outcome text,
     words text[]
   ) PARTITION BY RANGE (leaf)`,
  // A partition is full, and has its indexes, once it is here.
  `CREATE TABLE event_partitions (
     number int PRIMARY KEY,
     sealed_at timestamptz NOT NULL
   )`,
  // One row: the commit whose event lines are the last ones that are found, and that are in the spend.
  `CREATE TABLE index_position (
     only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
     sequence bigint NOT NULL,
     msg_id text NOT NULL,
     size bigint NOT NULL,
     partitions int NOT NULL
   )`,
  `INSERT INTO index_position (sequence, msg_id, size, partitions) VALUES (0, '', 0, 0)`,
  `CREATE TABLE spend (${spentBy},${sums})`,
  'CREATE INDEX spend_by_day ON spend (day)',
  // The part of it that jobs with metadata have, once more by their metadata.
  `CREATE TABLE labelled_spend (${spentBy},
     metadata jsonb NOT NULL,${sums})`,
  'CREATE INDEX labelled_spend_by_day ON labelled_spend (day)',
  `CREATE TABLE exports (
     id text PRIMARY KEY,
     state text NOT NULL,
     format text NOT NULL,
     question jsonb NOT NULL,
     head text NOT NULL,
     from_leaf bigint NOT NULL,
     next_leaf bigint NOT NULL,
     to_leaf bigint NOT NULL,
     tree_size bigint,
     events bigint NOT NULL DEFAULT 0,
     chunks int NOT NULL DEFAULT 0,
     bytes bigint NOT NULL DEFAULT 0,
     error text,
     created_at timestamptz NOT NULL DEFAULT now(),
     ended_at timestamptz
   )`,
  `CREATE TABLE export_chunks (
     export_id text NOT NULL REFERENCES exports ON DELETE CASCADE,
     index int NOT NULL,
     bytes bytea NOT NULL,
     PRIMARY KEY (export_id, index)
   )`,
  // Compressed already.
  'ALTER TABLE export_chunks ALTER COLUMN bytes SET STORAGE EXTERNAL',
];
