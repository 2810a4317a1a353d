// The Merkle tree over the event lines of all archived commits.
import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class AuditTree1764700000000 implements MigrationInterface {
  name = 'AuditTree1764700000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE tree_tiles, tree_marks, tree_position');
  }
}

const statements = [
  // Up to 256 hashes of 32 bytes each; the last ones of each level grow until they are full.
  `CREATE TABLE tree_tiles (
     level int NOT NULL,
     index bigint NOT NULL,
     hashes bytea NOT NULL,
     PRIMARY KEY (level, index)
   )`,
  // Hashes do not compress: trying costs time.
  'ALTER TABLE tree_tiles ALTER COLUMN hashes SET STORAGE EXTERNAL',
  // Where a commit's first event line stands in the tree, for some of the commits.
  `CREATE TABLE tree_marks (
     sequence bigint PRIMARY KEY,
     first_leaf bigint NOT NULL
   )`,
  'CREATE INDEX tree_marks_by_leaf ON tree_marks (first_leaf)',
  // One row: the commit whose event lines are the last ones of the tree.
  `CREATE TABLE tree_position (
     only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
     sequence bigint NOT NULL,
     msg_id text NOT NULL,
     size bigint NOT NULL
   )`,
  `INSERT INTO tree_position (sequence, msg_id, size) VALUES (0, '', 0)`,
];
