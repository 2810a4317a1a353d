// The second set of read-model tables a rebuild fills, compared with the live one and swapped in.
import { type Database } from './database';
import { type ReadModelTables, liveTables } from './read-model-rows';

export const rebuiltTables: ReadModelTables = {
  jobs: 'rebuilt_jobs', attempts: 'rebuilt_attempts', deliveries: 'rebuilt_deliveries',
  spend: 'rebuilt_spend', labelledSpend: 'rebuilt_labelled_spend',
};

const names = ['jobs', 'attempts', 'deliveries', 'spend', 'labelledSpend'] as const;

/** Makes the second set, empty. */
export async function makeRebuiltTables(database: Database): Promise<void> {
  await dropRebuiltTables(database);
  for (const name of names) {
    // As the live one is after all migrations, without its indexes: they stay with the live one.
    await database.query(`CREATE TABLE ${rebuiltTables[name]} (LIKE ${liveTables[name]})`);
    await database.query(`ALTER TABLE ${rebuiltTables[name]} ADD PRIMARY KEY (${idOf(name)})`);
  }
}

export async function dropRebuiltTables(database: Database): Promise<void> {
  await database.query(`DROP TABLE IF EXISTS ${names.map((name) => rebuiltTables[name]).join(', ')}`);
}

/** Rows that differ between the live and the rebuilt tables, as sentences; empty when identical. */
export async function compareTables(database: Database): Promise<string[]> {
  const differences: string[] = [];
  for (const name of names) {
    const [live, rebuilt] = [liveTables[name], rebuiltTables[name]];
    const id = idOf(name);
    const rows = await database.query<{ id: string; count: string }>(
      `WITH different AS (
         SELECT coalesce(a.${id}, b.${id}) AS id FROM ${live} a
         FULL JOIN ${rebuilt} b ON a.${id} = b.${id} WHERE a IS DISTINCT FROM b)
       SELECT min(id) AS id, count(*) AS count FROM different HAVING count(*) > 0`,
    );
    for (const row of rows) differences.push(`${live}: ${row.count} rows differ, first ${row.id}`);
  }
  return differences;
}

/** Puts the rebuilt rows in place of the live ones, in one transaction; indexes stay. */
export async function swapTables(database: Database): Promise<void> {
  await database.transaction(async (client) => {
    for (const name of names) {
      await client.query(`DELETE FROM ${liveTables[name]}`);
      await client.query(`INSERT INTO ${liveTables[name]} SELECT * FROM ${rebuiltTables[name]}`);
    }
  });
  await dropRebuiltTables(database);
}

function idOf(name: (typeof names)[number]): string {
  return name === 'attempts' ? 'attempt_id' : 'id';
}
