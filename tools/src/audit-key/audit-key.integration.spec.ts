// The command against folders of secrets, as audit leaves them.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { keepPublicKey, keptSigningKey } from '@libs/checkpoints/signing-key';
import { Command } from 'commander';
import { addAuditKey } from './audit-key.command';

let root = '';
let secrets = '';

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'holdfast-audit-key-'));
  secrets = path.join(root, 'secrets');
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function run(...args: string[]): Promise<void> {
  const program = new Command();
  addAuditKey(program);
  await program.parseAsync(['node', 'holdfast', 'audit-key', ...args, '--data-dir', root, '--json']);
}

it('a key of your own is not replaced by one that signs nothing', async () => {
  const own = await keptSigningKey(path.join(root, 'elsewhere'), 'holdfast/log');
  await keptSigningKey(secrets, 'holdfast/log').then(() => rm(path.join(secrets, 'audit-key.pem')));
  await keepPublicKey(secrets, own);
  await expect(run()).rejects.toThrow('HOLDFAST_AUDIT_KEY');
  await expect(run('rotate')).rejects.toThrow('HOLDFAST_AUDIT_KEY');
  expect(await readdir(secrets)).toEqual(['audit-key.pub']);
});

it('the kept one is', async () => {
  await keepPublicKey(secrets, await keptSigningKey(secrets, 'holdfast/log'));
  await run('rotate', '--overlap-days', '1');
  expect((await readdir(secrets)).filter((name) => name.endsWith('.pem'))).toHaveLength(2);
});
