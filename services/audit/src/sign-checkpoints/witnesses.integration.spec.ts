// Who else signs checkpoints, a former key and witnesses, against a real PostgreSQL.
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { cosignersOf } from '@libs/audit-tree/cosignature';
import { type NoteKey, parseNote, signerOf } from '@libs/audit-tree/signed-note';
import { checkpointFileName } from '@libs/checkpoints/checkpoint-files';
import { verifyEd25519 } from '@libs/checkpoints/ed25519';
import { readPublicKeys, rotateSigningKey } from '@libs/checkpoints/signing-key';
import { waitFor } from '@libs/test-kit/wait-for';
import { signingWorld } from './signing-for-specs';
import { startTestWitness } from './witness-for-specs';

const world = signingWorld();

describe('a key that replaces another', () => {
  it('signs beside it, without a restart, until the time is over', async () => {
    const { signer } = await world.start();
    await world.fill(5);
    const first = await world.nextCheckpoint(0);
    const secrets = path.join(world.folder, 'secrets');
    const { key, former } = await rotateSigningKey(secrets, 'holdfast/log', world.nowMs + 100_000);
    // What is asked for now leads to a note that the new key did not sign.
    expect((await signer.key())?.id).toBe(former.id);
    world.nowMs += 61_000;
    await world.fill(5);
    const second = await world.nextCheckpoint(1);
    await waitFor(async () => (await signer.key())?.id === key.id, { timeoutMs: 5_000 });
    expect([first.key_id, second.key_id]).toEqual([former.id, key.id]);
    for (const known of [former, key]) {
      expect(signerOf(parseNote(second.note)!, [known], verifyEd25519)?.id).toBe(known.id);
    }
    world.nowMs += 61_000;
    await world.fill(5);
    const third = await world.nextCheckpoint(2);
    expect(signerOf(parseNote(third.note)!, [former], verifyEd25519)).toBeNull();
    expect((await readdir(secrets)).sort()).toEqual(['audit-key.pem', 'audit-key.pub']);
    expect(await readPublicKeys(path.join(secrets, 'audit-key.pub'))).toHaveLength(2);
  }, 60_000);
});

describe('a witness', () => {
  const logKeys: NoteKey[] = [];
  const witnessed = async (): Promise<Awaited<ReturnType<typeof startTestWitness>>> => {
    const witness = await startTestWitness('witness.example/w1', () => logKeys);
    world.running.push(witness);
    return witness;
  };
  const cosigners = (note: string, witness: { key: NoteKey }): number =>
    cosignersOf(parseNote(note)!, [witness.key], verifyEd25519).right.length;
  const keysOfLog = async (): Promise<void> => {
    logKeys.splice(0, Infinity, ...await readPublicKeys(path.join(world.folder, 'secrets/audit-key.pub')));
  };

  it('cosigns each checkpoint, in event and file, with the proof from the last it saw', async () => {
    const witness = await witnessed();
    const { signer, archiver } = await world.start(witness.setting);
    await keysOfLog();
    await world.fill(5);
    const first = await world.nextCheckpoint(0);
    world.nowMs += 61_000;
    await world.fill(50);
    const second = await world.nextCheckpoint(1);
    expect([cosigners(first.note, witness), cosigners(second.note, witness)]).toEqual([1, 1]);
    expect(witness.size()).toBe(second.tree_size);
    expect(witness.answers).toEqual([200, 200]);
    const file = path.join(world.folder, 'checkpoints', checkpointFileName(second.tree_size));
    await waitFor(() => readFile(file, 'utf8').then((text) => text === second.note, () => false),
      { timeoutMs: 20_000 });
    await signer.stop();
    await archiver.stop();
    await world.start(witness.setting);
    await world.fill(5);
    const third = await world.nextCheckpoint(2);
    // A new process does not know what the witness has seen, and is told.
    expect(witness.answers).toEqual([200, 200, 409, 200]);
    expect(cosigners(third.note, witness)).toBe(1);
  }, 60_000);

  it('that is away, lies, or has seen another tree stops no checkpoint, and is told', async () => {
    const witness = await witnessed();
    const away = await startTestWitness('witness.example/away', () => logKeys);
    await away.stop();
    const { health } = await world.start(`${witness.setting}, ${away.setting}`);
    await keysOfLog();
    witness.lie();
    await world.fill(5);
    const first = await world.nextCheckpoint(0);
    expect(cosigners(first.note, witness) + cosigners(first.note, away)).toBe(0);
    await waitFor(() => health.dependencies.get('checkpoints')?.state === 'up', { timeoutMs: 20_000 });
    expect(health.dependencies.get('witness witness.example/w1')?.detail).toContain('does not fit');
    expect(health.dependencies.get('witness witness.example/away')?.detail).toContain('cannot be reached');
    witness.remember({ size: 1_000_000, root: new Uint8Array(32) });
    world.nowMs += 61_000;
    await world.fill(5);
    await world.nextCheckpoint(1);
    expect(health.dependencies.get('witness witness.example/w1')?.detail).toContain('1000000 event lines');
    expect(health.dependencies.get('checkpoints')?.state).toBe('up');
  }, 60_000);
});
