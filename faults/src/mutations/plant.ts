// Plants a defect: a copy of the built product in which some lines are others. The product itself
// carries no switches for its defects.
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Mutation, type Patch } from './mutation';

export interface PlantedProduct {
  /** Holds dist/, as the repository does. */
  readonly root: string;
  remove(): Promise<void>;
}

/** @throws Error when a patch does not apply any more. */
export async function plant(
  repository: string, { name, patches }: Mutation,
): Promise<PlantedProduct> {
  const root = await mkdtemp(path.join(tmpdir(), 'holdfast-mutation-'));
  const remove = (): Promise<void> => rm(root, { recursive: true, force: true });
  try {
    await cp(path.join(repository, 'dist'), path.join(root, 'dist'), { recursive: true });
    await cp(path.join(repository, 'package.json'), path.join(root, 'package.json'));
    await symlink(path.join(repository, 'node_modules'), path.join(root, 'node_modules'));
    // Where the product keeps the NATS server that it fetched.
    await mkdir(path.join(repository, '.holdfast'), { recursive: true });
    await symlink(path.join(repository, '.holdfast'), path.join(root, '.holdfast'));
    for (const patch of patches) await applyPatch(root, name, patch);
    return { root, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function applyPatch(root: string, name: string, patch: Patch): Promise<void> {
  for (const service of patch.services) {
    const file = path.join(root, `dist/services/${service}/main.js`);
    const problem = `mutation ${name} is out of date: in ${service} its patch matches`;
    await writeFile(file, patched(await readFile(file, 'utf8'), patch, problem));
  }
}

/** @throws Error unless the patch matches exactly once. */
export function patched(source: string, { find, replace }: Patch, problem: string): string {
  const matches = [...source.matchAll(new RegExp(find, 'g'))].length;
  if (matches !== 1) throw new Error(`${problem} ${matches} times, not once (${find.source})`);
  return source.replace(find, replace);
}
