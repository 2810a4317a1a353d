// The audit tree and its checkpoints against a real PostgreSQL, fed by the in-memory log.
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { emptyTree, grow, rootOf } from '@libs/audit-tree/grow-tree';
import { parseNote, signerOf } from '@libs/audit-tree/signed-note';
import { leafHash } from '@libs/audit-tree/tree-hash';
import { verifyConsistency, verifyInclusion } from '@libs/audit-tree/verify-proof';
import { sha256, verifyEd25519 } from '@libs/checkpoints/ed25519';
import { keepPublicKey, keptSigningKey, readPublicKeys } from '@libs/checkpoints/signing-key';
import { stamp } from '@libs/events/envelope';
import { eventLineBytes } from '@libs/events/parse-commit';
import { inlineContent } from '@libs/log/content';
import { InMemoryLog } from '@libs/log/in-memory-log';
import { type Commit } from '@libs/log/log';
import { type Database, migrate, openDatabase } from '@libs/postgres/database';
import { readRoot } from '@libs/postgres/tree-reads';
import { readTreePosition } from '@libs/postgres/tree-store';
import { Health } from '@libs/telemetry/health';
import { createLogger } from '@libs/telemetry/logger';
import { createRegistry } from '@libs/telemetry/metrics';
import { seededRandom } from '@libs/test-kit/seeded-random';
import { startTestPostgres } from '@libs/test-kit/servers';
import { waitFor } from '@libs/test-kit/wait-for';
import { Archiver } from '../archive-log/archiver';
import { archiveMetrics } from '../archive-log/metrics';
import { answerProofs } from './answer-proofs';
import { CheckpointSigner } from './checkpoint-signer';
import { treeMetrics } from './metrics';
import { checkpointOf } from './sign-checkpoint';

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let database: Database;
let log: InMemoryLog;
let folder = '';
let nowMs = 0;
let serial = 0;
const running: { stop(): Promise<void> }[] = [];
const logger = createLogger({ service: 'audit', instance: 'test', level: 'silent' });

beforeAll(async () => {
  postgres = await startTestPostgres();
  await migrate(postgres.url);
  database = openDatabase({
    url: postgres.url, connectionsMax: 6, statementTimeoutMs: 0, onError: () => undefined,
  });
}, 60_000);
afterAll(async () => {
  await database.close();
  await postgres.cleanup();
});
beforeEach(async () => {
  await database.query('TRUNCATE commits, broken_commits, objects, jobs, attempts, deliveries');
  await database.query("UPDATE archive_position SET sequence = 0, msg_id = ''");
  await forgetTree();
  folder = await mkdtemp(path.join(tmpdir(), 'holdfast-checkpoints-'));
  log = new InMemoryLog();
  nowMs = 1_800_000_000_000;
});
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('the audit tree', () => {
  it('has the event lines of every archived commit, content left out', async () => {
    await start();
    await fill(50);
    log.appendRaw('events.job.0.submitted', '{"id": broken');
    await fill(10);
    await archived();
    await expectTreeOfLog();
  });

  it('agrees with the archive whatever breaks in between', async () => {
    const random = seededRandom(71);
    await start();
    for (let round = 0; round < 12; round += 1) {
      await fill(random.whole(1, 60));
      await new Promise((resolve) => setTimeout(resolve, random.whole(0, 400)));
      // Whatever the archiver does now, its connections die with it.
      await database.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()`).catch(() => undefined);
      const { sequence } = await readTreePosition(database).catch(() => readTreePosition(database));
      const [row] = await database.query<{ last: string | null }>('SELECT max(sequence) AS last FROM commits');
      // Read one after the other, so the archive may be ahead; a tree ahead of it would be wrong.
      expect(Number(row?.last ?? 0)).toBeGreaterThanOrEqual(sequence);
    }
    await archived();
    await expectTreeOfLog();
  }, 60_000);

  it('catches up with an archive that was there before it, while more is archived', async () => {
    const { archiver } = await start();
    await fill(3_000);
    await archived();
    await archiver.stop();
    await forgetTree();
    await fill(20);
    await start();
    await fill(200);
    await archived();
    await waitFor(async () => (await readTreePosition(database)).sequence === log.commits.length,
      { timeoutMs: 20_000 });
    await fill(5);
    await archived();
    await expectTreeOfLog();
  }, 60_000);
});

describe('checkpoints', () => {
  it('are events and files, signed by a key that only its owner can read', async () => {
    await start();
    await fill(20);
    const first = await nextCheckpoint(0);
    expect((await stat(path.join(folder, 'secrets/audit-key.pem'))).mode & 0o777).toBe(0o600);
    const [file] = await readdir(path.join(folder, 'checkpoints'));
    expect(await readFile(path.join(folder, 'checkpoints', file!), 'utf8')).toBe(first.note);
    const keys = await readPublicKeys(path.join(folder, 'secrets/audit-key.pub'));
    expect(signerOf(parseNote(first.note)!, keys, verifyEd25519)?.id).toBe(first.key_id);
    expect(first.note.startsWith(`holdfast/log\n${first.tree_size}\n`)).toBe(true);
  });

  it('are signed when there is something new, and a minute has gone by', async () => {
    await start();
    await fill(5);
    const first = await nextCheckpoint(0);
    await archived();
    nowMs += 61_000;
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(checkpoints()).toHaveLength(1);
    await fill(5);
    const second = await nextCheckpoint(1);
    expect(second.tree_size).toBeGreaterThan(first.tree_size);
  }, 30_000);

  it('are signed after ten thousand commits, however short the time', async () => {
    await start();
    await fill(5);
    await nextCheckpoint(0);
    await fill(9_000);
    await archived();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(checkpoints()).toHaveLength(1);
    await fill(1_000);
    expect((await nextCheckpoint(1)).tree_size).toBeGreaterThan(10_000);
  }, 60_000);

  it('are begun anew by the next process where the last one stopped', async () => {
    const { archiver, signer } = await start();
    await fill(5);
    await nextCheckpoint(0);
    await archived();
    await signer.stop();
    await archiver.stop();
    await start();
    await fill(5);
    await nextCheckpoint(1);
    const [first, second] = checkpoints().map(({ note }) => checkpointOf(note)!);
    const proofs = answerProofs(database, running.at(-1) as CheckpointSigner);
    const answer = await proofs.consistency(first!.size, second!.size) as { proof: string[] };
    const proof = answer.proof.map((hash) => Buffer.from(hash, 'base64'));
    expect(verifyConsistency(sha256, first!, second!, proof)).toBe(true);
  }, 30_000);

  it('are not signed for a tree that contradicts one that was', async () => {
    const { health } = await start();
    await fill(30);
    await nextCheckpoint(0);
    await archived();
    await database.query(
      `UPDATE tree_tiles SET hashes = overlay(hashes placing '\\x00'::bytea from 5 for 1) WHERE level = 0`);
    await fill(5);
    nowMs += 61_000;
    await waitFor(() => health.dependencies.get('checkpoints')?.state === 'down', { timeoutMs: 10_000 });
    expect(checkpoints()).toHaveLength(1);
    expect(health.dependencies.get('checkpoints')?.detail).toContain('are not those of the checkpoint');
  }, 30_000);

  it('lead from each event to the last of them', async () => {
    const { signer } = await start();
    await fill(100);
    const { note } = await nextCheckpoint(0);
    const head = checkpointOf(note)!;
    const proofs = answerProofs(database, signer);
    for (const sequence of [1, 31, 32, 33, 64, 100]) {
      const answer = await proofs.inclusion(sequence, 0) as Record<string, never>;
      const line = eventLineBytes(log.commits[sequence - 1]!.bytes)[0]!;
      const leaf = { index: answer['leaf_index']!, hash: leafHash(sha256, line) };
      const proof = (answer['proof']! as string[]).map((hash) => Buffer.from(hash, 'base64'));
      expect(verifyInclusion(sha256, leaf, head, proof)).toBe(true);
    }
    expect(await proofs.inclusion(1, 99)).toMatchObject({ refused: 'not_found' });
    expect(await proofs.inclusion(9_999, 0)).toMatchObject({ refused: 'not_found' });
    expect(await proofs.consistency(5, 100_000)).toMatchObject({ refused: 'bad_range' });
    await fill(1);
    await archived();
    expect(await proofs.inclusion(log.commits.length, 0)).toMatchObject({ refused: 'not_signed_yet' });
  }, 30_000);
});

async function start(): Promise<{ archiver: Archiver; signer: CheckpointSigner; health: Health }> {
  const health = new Health();
  const key = await keptSigningKey(path.join(folder, 'secrets'), 'holdfast/log');
  await keepPublicKey(path.join(folder, 'secrets'), key);
  const registry = createRegistry('audit', `tree-${serial++}`);
  const archiver = new Archiver({
    log, database, health, logger, metrics: archiveMetrics(registry),
    onArchived: (commits: readonly Commit[]) => { signer.archived(commits); },
  });
  const signer = new CheckpointSigner({
    archiver, log, database, key, directory: path.join(folder, 'checkpoints'), health, logger,
    metrics: treeMetrics(registry), nowMs: () => nowMs,
  });
  archiver.start();
  signer.start();
  running.push(archiver, signer);
  return { archiver, signer, health };
}

async function fill(commits: number): Promise<void> {
  for (let count = 0; count < commits; count += 1) {
    const text = `{"n":${serial}}`;
    const events = Array.from({ length: 1 + serial % 4 }, () => stamp({
      type: 'AdminActed', subject: 'x', tenant: 'system',
      data: { actor: 'admin', act: 'a', about: 'x', detail: {} },
    }, `event-${serial++}`, 1_700_000_000_000));
    await log.append('events.access', { events, content: inlineContent(text)!.lines });
  }
}

async function archived(): Promise<void> {
  await waitFor(async () => {
    const [row] = await database.query<{ sequence: string }>('SELECT sequence FROM archive_position');
    return Number(row?.sequence) >= log.commits.length;
  }, { timeoutMs: 30_000 });
}

async function expectTreeOfLog(): Promise<void> {
  const end = log.commits.length;
  await waitFor(async () => (await readTreePosition(database)).sequence >= end, { timeoutMs: 20_000 });
  const { size, sequence } = await readTreePosition(database);
  const leaves = log.commits.slice(0, sequence)
    .flatMap(({ bytes }) => eventLineBytes(bytes).map((line) => leafHash(sha256, line)));
  expect(size).toBe(leaves.length);
  const naive = rootOf(sha256, grow(sha256, emptyTree, leaves).edge);
  expect(Buffer.from(await readRoot(database, size)).equals(naive)).toBe(true);
}

interface Signed { readonly note: string; readonly tree_size: number; readonly key_id?: string }

function checkpoints(): Signed[] {
  return log.events('events.checkpoint').map(({ data }) => data as Signed);
}

async function nextCheckpoint(before: number): Promise<Signed> {
  return waitFor(() => checkpoints()[before], { timeoutMs: 20_000 });
}

async function forgetTree(): Promise<void> {
  await database.query('TRUNCATE tree_tiles, tree_marks');
  await database.query("UPDATE tree_position SET sequence = 0, msg_id = '', size = 0");
}
