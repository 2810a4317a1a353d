// Which jobs are of which data subject: for the count of an erasure, and for whoever must list them.
import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class DataSubjects1765100000000 implements MigrationInterface {
  name = 'DataSubjects1765100000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE jobs ADD COLUMN data_subject text');
    await runner.query(
      'CREATE INDEX jobs_by_data_subject ON jobs (data_subject) WHERE data_subject IS NOT NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE jobs DROP COLUMN data_subject');
  }
}
