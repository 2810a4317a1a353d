// Writes what a run came to, for people and for programs.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import path from 'node:path';
import { reliabilityPage } from './reliability-page';
import { type MutationReport, type Report } from './report';

export function machineText(): string {
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  const model = cpus()[0]?.model ?? 'unknown';
  return `${cpus().length} cores (${model}), ${gigabytes} GB, Node ${process.version}`;
}

export async function writeReport(repository: string, report: Report): Promise<void> {
  await writeJson(repository, 'latest.json', report);
  const page = reliabilityPage(report, await readMutations(repository));
  await writeFile(path.join(repository, 'docs/reliability.md'), page);
}

/** Shown on the page that the next campaign writes. */
export async function writeMutations(repository: string, report: MutationReport): Promise<void> {
  await writeJson(repository, 'mutations.json', report);
}

async function readMutations(repository: string): Promise<MutationReport | null> {
  try {
    const text = await readFile(path.join(resultsOf(repository), 'mutations.json'), 'utf8');
    return JSON.parse(text) as MutationReport;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function writeJson(repository: string, name: string, value: unknown): Promise<void> {
  const folder = resultsOf(repository);
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, name), `${JSON.stringify(value, null, 2)}\n`);
}

function resultsOf(repository: string): string {
  return path.join(repository, 'faults/results');
}
