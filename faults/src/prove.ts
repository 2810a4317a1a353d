// Has the end of the log signed, and everything that was signed verified by the product's own command.
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Proofs } from './evidence/evidence';
import { signal } from './system/shell';
import { type World } from './system/world';

/** An audit that just began to archive signs at once, not in a minute. */
const signedWithinMs = 30_000;

export async function prove(world: World): Promise<Proofs> {
  await signTheEnd(world);
  const verify = await world.product.command(['verify', '--json']);
  return { verify, files: await checkpointFiles(world) };
}

/** If it does not sign, that is for the checks to find. */
async function signTheEnd({ product, admin, product: { dataDir } }: World): Promise<void> {
  const before = await newest(dataDir);
  const end = await admin.lastSequence();
  signal([await product.pidOf('audit')], 'SIGKILL');
  const until = Date.now() + signedWithinMs;
  while (Date.now() < until && (await newest(dataDir) === before || await admin.lastSequence() === end)) {
    await sleep(250);
  }
}

async function newest(dataDir: string): Promise<string | undefined> {
  return (await names(dataDir)).at(-1);
}

async function checkpointFiles({ product: { dataDir } }: World): Promise<string[]> {
  const files = await names(dataDir);
  return Promise.all(files.map((name) => readFile(path.join(dataDir, 'checkpoints', name), 'utf8')));
}

async function names(dataDir: string): Promise<string[]> {
  const all = await readdir(path.join(dataDir, 'checkpoints')).catch(() => []);
  return all.filter((name) => name.endsWith('.checkpoint')).sort();
}
