// Keeps the results for programs and writes them into the page for people.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { shell } from '../../../faults/src/system/shell';
import { scenarios } from '../scenarios/table';
import { withMeasured } from './page';
import { type SavedResult } from './result';

const sources = ['libs', 'services', 'tools', 'campaign/src', 'campaign/data'];
const page = 'docs/routing-campaign.md';

/** Of the sources as they are; changed ones say so. */
export async function commitOf(repository: string): Promise<string> {
  const git = (...args: readonly string[]) => shell('git', '-C', repository, ...args);
  try {
    const commit = await git('rev-parse', '--short', 'HEAD');
    const changes = await git('status', '--porcelain', '--', ...sources);
    return changes === '' ? commit.trim() : `${commit.trim()} with changes`;
  } catch {
    return 'an unknown commit'; // Not a clone, or no git: the figures are as good.
  }
}

/** Scenarios that were run now take the place of what was known of them. */
export async function writeReport(
  repository: string, results: readonly SavedResult[],
): Promise<void> {
  const folder = path.join(repository, 'campaign/results');
  const file = path.join(folder, 'latest.json');
  await mkdir(folder, { recursive: true });
  const all = merged(await readKnown(file), results);
  await writeFile(file, `${jsonText(all)}\n`);
  const document = path.join(repository, page);
  await writeFile(document, withMeasured(await readFile(document, 'utf8'), all));
}

function merged(
  known: readonly SavedResult[], results: readonly SavedResult[],
): SavedResult[] {
  return scenarios.flatMap(({ name }) => (
    results.find((one) => one.name === name) ?? known.find((one) => one.name === name) ?? []));
}

/** A line per second of a timeline would be most of the file. */
function jsonText(results: readonly SavedResult[]): string {
  return JSON.stringify(results, null, 2)
    .replace(/\[\s+(\d+),\s+(\d+),\s+(\d+)\s+\]/g, '[$1,$2,$3]')
    .replace(/(\[\d+,\d+,\d+\],)\s+(?=\[)/g, '$1 ');
}

async function readKnown(file: string): Promise<SavedResult[]> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as SavedResult[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
