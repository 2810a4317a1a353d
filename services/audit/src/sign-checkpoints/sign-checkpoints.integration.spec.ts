// The audit tree and its checkpoints against a real PostgreSQL, fed by the in-memory log.
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { emptyTree, grow, rootOf } from '@libs/audit-tree/grow-tree';
import { parseNote, signerOf } from '@libs/audit-tree/signed-note';
import { leafHash } from '@libs/audit-tree/tree-hash';
import { verifyConsistency, verifyInclusion } from '@libs/audit-tree/verify-proof';
import { sha256, verifyEd25519 } from '@libs/checkpoints/ed25519';
import { readPublicKeys } from '@libs/checkpoints/signing-key';
import { eventLineBytes } from '@libs/events/parse-commit';
import { readRoot } from '@libs/postgres/tree-reads';
import { readTreePosition } from '@libs/postgres/tree-store';
import { seededRandom } from '@libs/test-kit/seeded-random';
import { waitFor } from '@libs/test-kit/wait-for';
import { answerProofs } from './answer-proofs';
import { type CheckpointSigner } from './checkpoint-signer';
import { checkpointOf } from './sign-checkpoint';
import { signingWorld } from './signing-for-specs';

const world = signingWorld();

describe('the audit tree', () => {
  it('has the event lines of every archived commit, content left out', async () => {
    await world.start();
    await world.fill(50);
    world.log.appendRaw('events.job.0.submitted', '{"id": broken');
    await world.fill(10);
    await world.archived();
    await expectTreeOfLog();
  });

  it('agrees with the archive whatever breaks in between', async () => {
    const random = seededRandom(71);
    await world.start();
    for (let round = 0; round < 12; round += 1) {
      await world.fill(random.whole(1, 60));
      await new Promise((resolve) => setTimeout(resolve, random.whole(0, 400)));
      // Whatever the archiver does now, its connections die with it.
      await world.database.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()`).catch(() => undefined);
      // Several of the pool's connections may have died; each is noticed when it is used.
      const { sequence } = await waitFor(() => readTreePosition(world.database));
      const [row] = await waitFor(() =>
        world.database.query<{ last: string | null }>('SELECT max(sequence) AS last FROM commits'));
      // Read one after the other, so the archive may be ahead; a tree ahead of it would be wrong.
      expect(Number(row?.last ?? 0)).toBeGreaterThanOrEqual(sequence);
    }
    await world.archived();
    await expectTreeOfLog();
  }, 60_000);

  it('catches up with an archive that was there before it, while more is archived', async () => {
    const { archiver } = await world.start();
    await world.fill(3_000);
    await world.archived();
    await archiver.stop();
    await world.forgetTree();
    await world.fill(20);
    await world.start();
    await world.fill(200);
    await world.archived();
    await waitFor(async () => (await readTreePosition(world.database)).sequence === world.log.commits.length,
      { timeoutMs: 20_000 });
    await world.fill(5);
    await world.archived();
    await expectTreeOfLog();
  }, 60_000);
});

describe('checkpoints', () => {
  it('are events and files, signed by a key that only its owner can read', async () => {
    await world.start();
    await world.fill(20);
    const first = await world.nextCheckpoint(0);
    expect((await stat(path.join(world.folder, 'secrets/audit-key.pem'))).mode & 0o777).toBe(0o600);
    const [file] = await readdir(path.join(world.folder, 'checkpoints'));
    expect(await readFile(path.join(world.folder, 'checkpoints', file!), 'utf8')).toBe(first.note);
    const keys = await readPublicKeys(path.join(world.folder, 'secrets/audit-key.pub'));
    expect(signerOf(parseNote(first.note)!, keys, verifyEd25519)?.id).toBe(first.key_id);
    expect(first.note.startsWith(`holdfast/log\n${first.tree_size}\n`)).toBe(true);
  });

  it('are signed when there is something new, and a minute has gone by', async () => {
    await world.start();
    await world.fill(5);
    const first = await world.nextCheckpoint(0);
    await world.archived();
    world.nowMs += 61_000;
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(world.checkpoints()).toHaveLength(1);
    await world.fill(5);
    const second = await world.nextCheckpoint(1);
    expect(second.tree_size).toBeGreaterThan(first.tree_size);
  }, 60_000);

  it('are signed after ten thousand commits, however short the time', async () => {
    await world.start();
    await world.fill(5);
    await world.nextCheckpoint(0);
    await world.fill(9_000);
    await world.archived();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(world.checkpoints()).toHaveLength(1);
    await world.fill(1_000);
    expect((await world.nextCheckpoint(1)).tree_size).toBeGreaterThan(10_000);
  }, 60_000);

  it('are begun anew by the next process where the last one stopped', async () => {
    const { archiver, signer } = await world.start();
    await world.fill(5);
    await world.nextCheckpoint(0);
    await world.archived();
    await signer.stop();
    await archiver.stop();
    await world.start();
    await world.fill(5);
    await world.nextCheckpoint(1);
    const [first, second] = world.checkpoints().map(({ note }) => checkpointOf(note)!);
    const proofs = answerProofs(world.database, world.running.at(-1) as CheckpointSigner);
    const answer = await proofs.consistency(first!.size, second!.size) as { proof: string[] };
    const proof = answer.proof.map((hash) => Buffer.from(hash, 'base64'));
    expect(verifyConsistency(sha256, first!, second!, proof)).toBe(true);
  }, 60_000);

  it('are not signed for a tree that contradicts one that was', async () => {
    const { health } = await world.start();
    await world.fill(30);
    await world.nextCheckpoint(0);
    await world.archived();
    await world.database.query(
      `UPDATE tree_tiles SET hashes = overlay(hashes placing '\\x00'::bytea from 5 for 1) WHERE level = 0`);
    await world.fill(5);
    world.nowMs += 61_000;
    await waitFor(() => health.dependencies.get('checkpoints')?.state === 'down', { timeoutMs: 20_000 });
    expect(world.checkpoints()).toHaveLength(1);
    expect(health.dependencies.get('checkpoints')?.detail).toContain('are not those of the checkpoint');
  }, 60_000);

  it('lead from each event to the last of them', async () => {
    const { signer } = await world.start();
    await world.fill(100);
    const { note } = await world.nextCheckpoint(0);
    const head = checkpointOf(note)!;
    const proofs = answerProofs(world.database, signer);
    for (const sequence of [1, 31, 32, 33, 64, 100]) {
      const answer = await proofs.inclusion(sequence, 0) as Record<string, never>;
      const line = eventLineBytes(world.log.commits[sequence - 1]!.bytes)[0]!;
      const leaf = { index: answer['leaf_index']!, hash: leafHash(sha256, line) };
      const proof = (answer['proof']! as string[]).map((hash) => Buffer.from(hash, 'base64'));
      expect(verifyInclusion(sha256, leaf, head, proof)).toBe(true);
    }
    expect(await proofs.inclusion(1, 99)).toMatchObject({ refused: 'not_found' });
    expect(await proofs.inclusion(9_999, 0)).toMatchObject({ refused: 'not_found' });
    const tree = `The tree has ${head.size} event lines`;
    expect(await proofs.consistency(5, 100_000)).toMatchObject({ refused: 'bad_range', message: expect.stringContaining(tree) });
    expect(await proofs.consistency(9, 5)).toMatchObject({ refused: 'bad_range', message: expect.stringContaining('before one of 5') });
    await world.fill(1);
    await world.archived();
    expect(await proofs.inclusion(world.log.commits.length, 0)).toMatchObject({ refused: 'not_signed_yet' });
  }, 60_000);
});

async function expectTreeOfLog(): Promise<void> {
  const end = world.log.commits.length;
  await waitFor(async () => (await readTreePosition(world.database)).sequence >= end, { timeoutMs: 20_000 });
  const { size, sequence } = await readTreePosition(world.database);
  const leaves = world.log.commits.slice(0, sequence)
    .flatMap(({ bytes }) => eventLineBytes(bytes).map((line) => leafHash(sha256, line)));
  expect(size).toBe(leaves.length);
  const naive = rootOf(sha256, grow(sha256, emptyTree, leaves).edge);
  expect(Buffer.from(await readRoot(world.database, size)).equals(naive)).toBe(true);
}
