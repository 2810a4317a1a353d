// Budgets and open holds as the API shows them at a quiet moment, and the same moment made again from
// the first archived event.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Budget, type Budgets } from '../evidence/evidence';
import { ask } from '../system/patience';
import { type Product } from '../system/product';
import { type World } from '../system/world';

/** A late word of a call, or an election, comes in between now and then; a steady stream of them does not. */
const triesMax = 5;

export async function readBudgets({ product, admin }: World): Promise<Budgets> {
  for (let times = 1; ; times += 1) {
    const shown = await list<Budget>(product, '/admin/v1/budgets');
    const holds = await list<Budgets['holds'][number]>(product, '/admin/v1/holds?limit=10000');
    const made = await makeAgain(product, await admin.lastSequence());
    const after = await list<Budget>(product, '/admin/v1/budgets');
    if (JSON.stringify(shown) === JSON.stringify(after) || times === triesMax) {
      return { shown, made, holds };
    }
  }
}

async function list<T>({ url, dataDir }: Product, route: string): Promise<readonly T[]> {
  const token = (await readFile(path.join(dataDir, 'secrets/admin-token'), 'utf8')).trim();
  const answer = await ask(`${url}${route}`, { headers: { authorization: `Bearer ${token}` } });
  if (!answer.ok) throw new Error(`${route}: ${answer.status} ${await answer.text()}`);
  return (await answer.json() as { readonly data: readonly T[] }).data;
}

async function makeAgain(product: Product, sequence: number): Promise<Budgets['made']> {
  const { code, output } = await product.command([
    'replay', '--at', String(sequence), '--projection', 'budgets', '--from-beginning', '--json',
  ]);
  const line = output.split('\n').findLast((one) => one.startsWith('{'));
  if (code !== 0 || line === undefined) return `it ended with ${code ?? 'no code'}: ${output.trim()}`;
  const { entries } = JSON.parse(line) as { readonly entries: readonly { readonly value: Budget }[] };
  return entries.map(({ value }) => value);
}
