// The files of bench/results: the last results, and the samples of a run that is not finished.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { type LoadSample } from './parts/load';
import { mergeResults, type Results, resultsText } from './results';
import { at } from './root';

const folder = at('bench/results');
const latestFile = at('bench/results/latest.json');
/** Not committed: only `--resume` reads it. */
const unfinishedFile = at('bench/results/unfinished.json');

export async function readLatest(): Promise<Results | null> {
  const text = await readFile(latestFile, 'utf8').catch(() => null);
  return text === null ? null : JSON.parse(text) as Results;
}

/** @returns everything that is saved now. */
export async function saveLatest(now: Results): Promise<Results> {
  const merged = mergeResults(await readLatest(), now);
  await mkdir(folder, { recursive: true });
  await writeFile(latestFile, resultsText(merged));
  return merged;
}

export async function readUnfinished(): Promise<LoadSample[]> {
  const text = await readFile(unfinishedFile, 'utf8').catch(() => '[]');
  return JSON.parse(text) as LoadSample[];
}

export async function saveUnfinished(samples: readonly LoadSample[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(unfinishedFile, resultsText(samples));
}

export async function forgetUnfinished(): Promise<void> {
  await rm(unfinishedFile, { force: true });
}
