// The archive and the read models. Everything here can be dropped and rebuilt from the log.
import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class Archive1764000000000 implements MigrationInterface {
  name = 'Archive1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE commits, objects, archive_position, jobs, attempts, deliveries');
  }
}

const statements = [
  // Every message of the log as stored.
  `CREATE TABLE commits (
     sequence bigint PRIMARY KEY,
     subject text NOT NULL,
     msg_id text NOT NULL,
     appended_at timestamptz NOT NULL,
     bytes bytea NOT NULL
   )`,
  `CREATE INDEX commits_by_time ON commits (appended_at)`,
  // `last_sequence`: the last commit that names it; the log's copy goes when that is trimmed.
  `CREATE TABLE objects (
     sha256 text PRIMARY KEY,
     bytes bytea NOT NULL,
     last_sequence bigint NOT NULL
   )`,
  `CREATE INDEX objects_by_sequence ON objects (last_sequence)`,
  // One row: up to where commits are archived and the read models are folded.
  `CREATE TABLE archive_position (
     only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
     sequence bigint NOT NULL,
     msg_id text NOT NULL
   )`,
  `INSERT INTO archive_position (sequence, msg_id) VALUES (0, '')`,
  ...readModelTables('jobs', 'attempts', 'deliveries'),
  // UUIDv7 job ids grow with time: the primary key is the order of the list, too.
  `CREATE INDEX jobs_by_tenant ON jobs (tenant, id DESC)`,
  `CREATE INDEX jobs_by_metadata ON jobs USING gin (metadata jsonb_path_ops)
     WHERE metadata IS NOT NULL`,
  `CREATE INDEX attempts_by_job ON attempts (job_id)`,
  `CREATE INDEX deliveries_by_tenant ON deliveries (tenant, id DESC)`,
];

function readModelTables(jobs: string, attempts: string, deliveries: string): string[] {
  return [
    `CREATE TABLE ${jobs} (
       id text PRIMARY KEY,
       tenant text NOT NULL,
       team text,
       key text NOT NULL,
       status text NOT NULL,
       model text NOT NULL,
       created_at timestamptz NOT NULL,
       settled_at timestamptz,
       metadata jsonb,
       state text NOT NULL,
       positions bigint[] NOT NULL
     )`,
    `CREATE TABLE ${attempts} (
       attempt_id text PRIMARY KEY,
       job_id text NOT NULL,
       tenant text NOT NULL,
       key text NOT NULL,
       provider text NOT NULL,
       provider_key text NOT NULL,
       model text NOT NULL,
       outcome text NOT NULL,
       error_class text,
       started_at timestamptz,
       duration_ms bigint,
       input_tokens bigint,
       output_tokens bigint,
       cost_pico_usd bigint
     )`,
    `CREATE TABLE ${deliveries} (
       id text PRIMARY KEY,
       tenant text NOT NULL,
       job_id text NOT NULL,
       endpoint_id text NOT NULL,
       status text NOT NULL,
       tries int NOT NULL,
       next_at timestamptz,
       last_status int,
       last_message text
     )`,
  ];
}
