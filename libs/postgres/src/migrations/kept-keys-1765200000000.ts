// Copies of data keys that are kept for so many days are found by the time in their names.
import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class KeptKeys1765200000000 implements MigrationInterface {
  name = 'KeptKeys1765200000000';

  async up(runner: QueryRunner): Promise<void> {
    // Seconds since the epoch, as in libs/content-keys/src/timed-name.ts.
    await runner.query(`ALTER TABLE content_keys ADD COLUMN kept_until bigint
      GENERATED ALWAYS AS (substring(name from '^[^.]+[.]kept-([0-9]{1,12})$')::bigint) STORED`);
    await runner.query(
      'CREATE INDEX content_keys_kept ON content_keys (kept_until) WHERE kept_until IS NOT NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE content_keys DROP COLUMN kept_until');
  }
}
