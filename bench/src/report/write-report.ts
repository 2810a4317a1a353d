// Writes docs/performance.md and its charts from the saved results.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { loadRows } from '../parts/load-rows';
import { type Results } from '../results';
import { at } from '../root';
import { chartsOf } from './charts';
import { documentText } from './document';

export async function writeReport(results: Results): Promise<string> {
  const { load } = results.parts;
  const charts = load === undefined ? [] : chartsOf(loadRows(load));
  const folder = at('docs/charts');
  await mkdir(folder, { recursive: true });
  for (const { file, svg } of charts) await writeFile(path.join(folder, file), svg);
  const file = at('docs/performance.md');
  await writeFile(file, documentText(results, charts));
  return file;
}
