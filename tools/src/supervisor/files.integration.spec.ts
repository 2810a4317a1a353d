// What the supervisor keeps in files: secrets, the lock of a data directory.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { commandLine } from '@libs/servers/process-identity';
import { lockDataDir } from './data-dir-lock';
import { ensureSecrets } from './secrets';

let dir = '';
beforeAll(async () => { dir = await mkdtemp(path.join(tmpdir(), 'holdfast-files-')); });
afterAll(() => rm(dir, { recursive: true, force: true }));

describe('secrets', () => {
  test('are made once and only the owner may read them', async () => {
    const first = await ensureSecrets(dir, {}, ['admin', 'ingress']);
    const again = await ensureSecrets(dir, {}, ['admin', 'ingress', 'audit']);
    expect(again.masterKey).toEqual(first.masterKey);
    expect(again.natsPassword('admin')).toBe(first.natsPassword('admin'));
    expect(again.natsPassword('audit')).not.toBe(first.natsPassword('admin'));
    const modes = ['admin-token', 'master-key', 'first-key', 'nats-users.json'].map(async (name) =>
      (await stat(path.join(dir, name))).mode & 0o777);
    expect(await Promise.all(modes)).toEqual([0o600, 0o600, 0o600, 0o600]);
  });

  test('that come from the environment are never written down', async () => {
    const { bootstrapKey } = await ensureSecrets(dir, { HOLDFAST_BOOTSTRAP_KEY: 'hf-given' }, []);
    expect(bootstrapKey).toEqual({ value: 'hf-given', file: null });
    expect(await readFile(path.join(dir, 'first-key'), 'utf8')).not.toContain('hf-given');
  });
});

describe('the lock of a data directory', () => {
  test('of a process that is gone does not count', async () => {
    await writeFile(path.join(dir, 'up.lock'), JSON.stringify({ pid: 2 ** 22, marker: 'x' }));
    const unlock = await lockDataDir(dir);
    await unlock();
  });

  test('of a stranger that has got the pid does not count', async () => {
    await writeFile(path.join(dir, 'up.lock'),
      JSON.stringify({ pid: process.ppid, marker: 'holdfast up elsewhere' }));
    const unlock = await lockDataDir(dir);
    await unlock();
  });

  test('of a running supervisor refuses the second one', async () => {
    const marker = await commandLine(process.ppid);
    await writeFile(path.join(dir, 'up.lock'), JSON.stringify({ pid: process.ppid, marker }));
    await expect(lockDataDir(dir)).rejects.toThrow('already running');
    await rm(path.join(dir, 'up.lock'));
  });
});
