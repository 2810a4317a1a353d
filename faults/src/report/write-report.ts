// Writes what runs came to, for people and for programs.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import path from 'node:path';
import { shell } from '../system/shell';
import { withMeasured } from './reliability-page';
import { type MutationReport, type Report } from './report';

const sources = ['libs', 'services', 'tools', 'faults/src', 'faults/preload'];
const reportName = /^seed-\d+\.json$/;

export function machineText(): string {
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  const model = cpus()[0]?.model ?? 'unknown';
  return `${cpus().length} cores (${model}), ${gigabytes} GB, Node ${process.version}`;
}

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

/** Beside those of other seeds; the page is about all of them. */
export async function writeReport(repository: string, report: Report): Promise<void> {
  await writeJson(repository, `seed-${report.seed}.json`, report);
  await writePage(repository);
}

/** Those that were run now take the place of what was known of them. */
export async function writeMutations(repository: string, report: MutationReport): Promise<void> {
  const known = await readJson<MutationReport>(resultsOf(repository), 'mutations.json')
    .catch(noneThere);
  await writeJson(repository, 'mutations.json', replaced(known, report));
  await writePage(repository);
}

async function writePage(repository: string): Promise<void> {
  const folder = resultsOf(repository);
  const names = (await readdir(folder)).filter((name) => reportName.test(name));
  if (names.length === 0) return;
  const reports = await Promise.all(names.map((name) => readJson<Report>(folder, name)));
  reports.sort((a, b) => a.seed - b.seed);
  const mutations = await readJson<MutationReport>(folder, 'mutations.json')
    .catch(noneThere);
  const file = path.join(repository, 'docs/reliability.md');
  await writeFile(file, withMeasured(await readFile(file, 'utf8'), reports, mutations));
}

function replaced(known: MutationReport | null, report: MutationReport): MutationReport {
  const now = new Set(report.mutations.map(({ name }) => name));
  const others = known?.mutations.filter(({ name }) => !now.has(name)) ?? [];
  return { ...report, mutations: [...others, ...report.mutations] };
}

function noneThere(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
  throw error;
}

async function readJson<T>(folder: string, name: string): Promise<T> {
  return JSON.parse(await readFile(path.join(folder, name), 'utf8')) as T;
}

async function writeJson(repository: string, name: string, value: unknown): Promise<void> {
  const folder = resultsOf(repository);
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, name), `${JSON.stringify(value, null, 2)}\n`);
}

function resultsOf(repository: string): string {
  return path.join(repository, 'faults/results');
}
