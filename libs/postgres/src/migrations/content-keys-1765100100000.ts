// A copy of the bucket of wrapped data keys, for the day on which it is lost; serving does not read it.
import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class ContentKeys1765100100000 implements MigrationInterface {
  name = 'ContentKeys1765100100000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE content_keys, content_keys_position');
  }
}

const statements = [
  // Entries as they stand in the bucket: wrapped keys, and the marks of those that were erased.
  'CREATE TABLE content_keys (name text PRIMARY KEY, value text NOT NULL)',
  // One row: up to where which bucket was copied.
  `CREATE TABLE content_keys_position (
     only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
     bucket text NOT NULL,
     sequence bigint NOT NULL
   )`,
  "INSERT INTO content_keys_position (bucket, sequence) VALUES ('', 0)",
];
