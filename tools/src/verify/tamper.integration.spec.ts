// The tamper campaign: an archive that was signed is changed in every way somebody with the database's
// password could think of, and verification must name it. Against a real PostgreSQL; bundles are
// checked by the independent verifier of docs/verify, too.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { checkpointText } from '@libs/audit-tree/checkpoint';
import { type NoteKey, noteKeyText } from '@libs/audit-tree/signed-note';
import { writeCheckpointFile } from '@libs/checkpoints/checkpoint-files';
import {
  keepPublicKey, keptSigningKey, readPublicKeys, type SigningKey,
} from '@libs/checkpoints/signing-key';
import { stamp } from '@libs/events/envelope';
import { InMemoryLog } from '@libs/log/in-memory-log';
import { inlineContent } from '@libs/log/content';
import { type Position } from '@libs/log/log';
import { writeBatch } from '@libs/postgres/archive-store';
import { type Database, migrate, openDatabase } from '@libs/postgres/database';
import { readRoot } from '@libs/postgres/tree-reads';
import { readTreePosition } from '@libs/postgres/tree-store';
import { startTestPostgres } from '@libs/test-kit/servers';
import { type Bundle } from './bundle';
import { checkBundle } from './check-bundle';
import { type Verified, verifyAll, type Wanted } from './verify-all';

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let database: Database;
let log: InMemoryLog;
let key: SigningKey;
let otherKey: SigningKey;
let folder = '';
let checkpointDir = '';
let end: Position;
let serial = 0;

const commits = 600;
const python = ['python3'].find((name) => spawnSync(name, ['--version']).status === 0);

beforeAll(async () => {
  postgres = await startTestPostgres();
  await migrate(postgres.url);
  database = openDatabase({
    url: postgres.url, connectionsMax: 4, statementTimeoutMs: 0, onError: () => undefined,
  });
  folder = await mkdtemp(path.join(tmpdir(), 'holdfast-tamper-'));
  key = await keptSigningKey(path.join(folder, 'ours'), 'holdfast/log');
  otherKey = await keptSigningKey(path.join(folder, 'theirs'), 'holdfast/log');
  await makeArchive();
  for (const table of tables) {
    await database.query(`CREATE TABLE sound_${table} AS TABLE ${table}`);
  }
}, 60_000);
afterAll(async () => {
  await database.close();
  await postgres.cleanup();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  for (const table of tables) {
    await database.query(`TRUNCATE ${table}`);
    await database.query(`INSERT INTO ${table} TABLE sound_${table}`);
  }
});

const tables = ['commits', 'objects', 'archive_position', 'tree_tiles', 'tree_marks', 'tree_position'];

describe('an archive that nobody touched', () => {
  it('verifies, with every checkpoint and against the log', async () => {
    const found = await verify();
    expect(found.problems).toEqual([]);
    // Two events and three files.
    expect(found).toMatchObject({ commits: log.commits.length, checkpoints: 5, compared: log.commits.length });
    expect(found.unsigned).toBeGreaterThan(0);
  });
});

describe('a key that was replaced', () => {
  it('still counts for what it signed, and the next one for the rest', async () => {
    const size = 700;
    const rotated = path.join(folder, 'rotated');
    const head = { origin: 'holdfast/log', size, root: await readRoot(database, size), sequence: null };
    await writeCheckpointFile(rotated, size, otherKey.signed(checkpointText(head)));
    await keepPublicKey(folder, key);
    await keepPublicKey(folder, otherKey);
    await keepPublicKey(folder, key);
    const keys = await readPublicKeys(path.join(folder, 'audit-key.pub'));
    expect(keys).toHaveLength(2);
    expect(await verify({}, { keys, checkpointDir: rotated })).toMatchObject({ checkpoints: 3, problems: [] });
    expect((await verify({}, { checkpointDir: rotated })).problems).toMatchObject([{ kind: 'signature' }]);
  });
});

describe('what is done to the archive is found and named', () => {
  const at = 300;
  const campaign: [string, string[], RegExp, boolean][] = [
    ['a changed event', [
      `UPDATE commits SET bytes = replace(encode(bytes, 'escape'), 'act-299', 'act-998')::bytea WHERE sequence = ${at}`,
    ], /changed.*commit 300, line 0/, true],
    ['a dropped commit', [`DELETE FROM commits WHERE sequence = ${at}`], /missing.*commit 301/, true],
    ['an inserted commit', [
      'UPDATE commits SET sequence = sequence + 100000 WHERE sequence > 300',
      `INSERT INTO commits SELECT 301, subject, 'x', appended_at,
         convert_to('{"id":"forged","type":"AdminActed"}', 'UTF8') FROM commits WHERE sequence = ${at}`,
    ], /inserted.*commit 301, line 0/, true],
    ['a commit before the first', ["INSERT INTO commits SELECT -1, subject, 'x', appended_at, bytes FROM commits WHERE sequence = 9"], /inserted: 1 commits stand before commit 1/, true],
    ['two swapped commits', [
      `UPDATE commits SET bytes = (SELECT bytes FROM sound_commits s WHERE s.sequence = 601 - commits.sequence)
       WHERE sequence IN (300, 301)`,
    ], /moved.*commit 300/, true],
    ['a cut end', ['DELETE FROM commits WHERE sequence > 550'], /truncated/, true],
    ['a cut end with all positions set back', [
      'DELETE FROM commits WHERE sequence > 550',
      `UPDATE archive_position SET sequence = 550,
         msg_id = (SELECT msg_id FROM commits WHERE sequence = 550)`,
      'UPDATE tree_position SET sequence = 550, size = 900',
    ], /truncated.*were signed, and the archive has/, true],
    ['a changed event line of which the stored tree was changed, too', [
      `UPDATE commits SET bytes = replace(encode(bytes, 'escape'), 'act-299', 'act-998')::bytea WHERE sequence = ${at}`,
      'DELETE FROM tree_tiles', "UPDATE tree_position SET size = 0, sequence = 0, msg_id = ''",
    ], /checkpoint.*are not those that were signed/, true],
    ['changed content', [
      `UPDATE commits SET bytes = replace(encode(bytes, 'escape'), 'prompt 298', 'prompt 198')::bytea WHERE sequence = ${at}`,
    ], /content.*commit 300/, true],
    ['changed large content', ["UPDATE objects SET bytes = 'other'"], /content.*large content/, true],
    ['changed large content, put out of sight', ["UPDATE objects SET bytes = 'other', last_sequence = -1"], /content.*large content/, true],
    ['a changed subject and time', [
      `UPDATE commits SET subject = 'events.governance', appended_at = now() WHERE sequence = ${at}`,
    ], /stream.*commit 300: subject, time/, true],
    ['a stored tree that is not the archive’s', [
      `UPDATE tree_tiles SET hashes = overlay(hashes placing '\\x00'::bytea from 70 for 1) WHERE level = 0 AND index = 0`,
    ], /tree.*the stored tree is wrong at event line 2/, true],
    ['hashes above those of event lines', [
      `UPDATE tree_tiles SET hashes = overlay(hashes placing '\\x00'::bytea from 40 for 1) WHERE level = 1`,
    ], /tree: .*above event line 0/, true],
    ['where a commit begins', ['UPDATE tree_marks SET first_leaf = first_leaf + 1 WHERE sequence > 300'], /tree: .*commit 3\d\d begins/, true],
    ['a deleted checkpoint event', ["DELETE FROM commits WHERE subject = 'events.checkpoint'"], /missing/, true],
  ];

  it.each(campaign)('%s', async (_name, statements, expected) => {
    for (const statement of statements) await database.query(statement);
    const { problems } = await verify();
    expect(problems.map(({ kind, message }) => `${kind}: ${message}`).join('\n')).toMatch(expected);
  });

  it('checkpoints that another key signed for a changed archive', async () => {
    await database.query(
      `UPDATE commits SET bytes = replace(encode(bytes, 'escape'), 'act-100', 'act-999')::bytea WHERE sequence = 100`);
    const forged = path.join(folder, 'forged');
    await mkdir(forged, { recursive: true });
    const note = otherKey.signed(checkpointText({
      origin: 'holdfast/log', size: 500, root: createHash('sha256').update('x').digest(), sequence: 333,
    }));
    await writeCheckpointFile(forged, 500, note);
    const { problems } = await verify({}, { checkpointDir: forged });
    expect(problems).toEqual(expect.arrayContaining([
      { kind: 'signature', message: expect.stringContaining('signed by a key that is not known') },
      { kind: 'changed', message: expect.stringContaining('commit 100, line 0') },
    ]));
  });

  it('a checkpoint file that was edited', async () => {
    const edited = path.join(folder, 'edited');
    await mkdir(edited, { recursive: true });
    const head = { origin: 'holdfast/log', size: 100, root: await readRoot(database, 100), sequence: 66 };
    await writeFile(path.join(edited, '0000000000000100.checkpoint'),
      key.signed(checkpointText(head)).replace('\n100\n', '\n101\n'));
    await writeFile(path.join(edited, '0000000000000200.checkpoint'), 'nothing');
    const { problems } = await verify({}, { checkpointDir: edited });
    expect(problems.map(({ kind }) => kind).sort()).toEqual(['checkpoint', 'signature']);
  });

  it('a checkpoint file that was taken away', async () => {
    expect((await verify()).unfiled).toEqual({ count: 0, first: null });
    const { unfiled } = await verify({}, { checkpointDir: path.join(folder, 'taken-away') });
    expect(unfiled).toEqual({ count: 2, first: expect.any(Number) });
  });
});

describe('a bundle', () => {
  const job = 'job_77';

  it('of a job has its story, and is proved without any server', async () => {
    const { bundle, story, problems } = await verify({ job });
    expect(problems).toEqual([]);
    expect(story.map(({ sequence }) => sequence)).toEqual([78, 279, 480]);
    expect(checkBundle(JSON.stringify(bundle), [key])).toMatchObject({ events: 3, trusted: true, problems: [] });
    expect(await byPython(bundle!)).toEqual([0, expect.stringContaining('3 events stand')]);
  });

  it('of a range has every event of it', async () => {
    const { bundle } = await verify({ range: { from: 10, to: 30 } });
    expect(bundle!.events.length).toBeGreaterThan(21);
    expect(checkBundle(JSON.stringify(bundle), []).problems).toEqual([]);
    expect((await byPython(bundle!))[0]).toBe(0);
  });

  it('that was edited in any way proves nothing', async () => {
    const { bundle } = await verify({ range: { from: 10, to: 30 } });
    const [first, second] = bundle!.events as [Bundle['events'][0], Bundle['events'][0]];
    const rest = bundle!.events.slice(2);
    const otherLog = checkpointText({ origin: 'holdfast/log', size: 500, root: Buffer.alloc(32), sequence: 1 });
    const edits: Bundle[] = [
      { ...bundle!, events: [{ ...first, event: first.event!.replace('act', 'cat') }, second, ...rest] },
      { ...bundle!, events: [first, ...rest] },
      { ...bundle!, events: [second, first, ...rest] },
      { ...bundle!, events: [{ ...first, leaf_index: first.leaf_index + 1 }, second, ...rest] },
      { ...bundle!, events: [{ ...first, proof: first.proof.slice(1) }, second, ...rest] },
      { ...bundle!, checkpoint: bundle!.checkpoint.replace(/\n(\d+)\n/, '\n1$1\n') },
      { ...bundle!, checkpoint: otherKey.signed(otherLog), public_key: noteKeyText(otherKey) },
    ];
    for (const edit of edits) {
      expect(checkBundle(JSON.stringify(edit), [key]).problems).not.toEqual([]);
      expect(await byPython(edit)).toEqual([1, expect.stringContaining('NOT PROVED')]);
    }
    // The other verifier takes the caller's key alone.
    const renamed = { ...bundle!, public_key: noteKeyText(otherKey) };
    expect(checkBundle(JSON.stringify(renamed), [key]).problems).toMatchObject([{ kind: 'signature' }]);
    expect(checkBundle('{}', [key]).problems).toMatchObject([{ kind: 'bundle' }]);
    // Eight processes of Python, on a machine that may be busy.
  }, 60_000);
});

describe('an archive whose log was trimmed', () => {
  it('verifies, and is compared with what the log still has', async () => {
    log.trim({ upTo: 400 });
    expect(await verify()).toMatchObject({ problems: [], compared: log.commits.length, checkpoints: 5 });
  });
});

async function byPython(bundle: Bundle): Promise<[number | null, string]> {
  expect(python).toBeDefined();
  const file = path.join(folder, `bundle-${serial++}.json`);
  await writeFile(file, JSON.stringify(bundle));
  const { status, stdout, stderr } = spawnSync(
    python!, ['docs/verify/verify_bundle.py', file, noteKeyText(key)], { encoding: 'utf8' });
  return [status, stdout + stderr];
}

function verify(
  wanted: Partial<Wanted> = {},
  { keys = [key], ...parts }: { keys?: NoteKey[]; checkpointDir?: string } = {},
): Promise<Verified> {
  return verifyAll({
    database, trusted: { keys, witnesses: [] }, log, dataKeys: null, checkpointDir, progress: () => undefined,
    wanted: { job: null, range: null, ...wanted }, ...parts,
  });
}

/** 600 commits and three checkpoints, two of which are events, as the archiver writes them. */
async function makeArchive(): Promise<void> {
  log = new InMemoryLog();
  end = { sequence: 0, msgId: '' };
  checkpointDir = path.join(folder, 'checkpoints');
  for (let commit = 1; commit <= commits; commit += 1) {
    await appendOne(commit);
    if (commit % 200 !== 180) continue;
    await archive();
    await sign(commit < 500);
  }
  await archive();
  await database.query(`INSERT INTO objects VALUES ($1, 'large', 5)`,
    [createHash('sha256').update('large').digest('hex')]);
}

async function appendOne(commit: number): Promise<void> {
  const { ref, lines } = inlineContent(`prompt ${commit - 1}`)!;
  const about = `job_${(commit - 1) % 200}`;
  const acted = (line: number) => stamp({
    type: 'AdminActed', subject: line === 0 ? about : 'other', tenant: 'system',
    data: { actor: 'admin', act: `act-${commit}`, about: ref.sha256, detail: { line } },
  }, `event-${commit}-${line}`, 1_700_000_000_000);
  const count = commit > 400 ? 2 : 1 + commit % 3;
  const events = Array.from({ length: count }, (_, line) => acted(line));
  await log.append('events.access', { events, content: lines });
}

async function archive(): Promise<void> {
  const fresh = log.commits.slice(end.sequence);
  await writeBatch(database, {
    after: end, commits: fresh, objects: [], broken: [],
    rows: { jobs: [], attempts: [], deliveries: [], attemptsGone: [], born: new Set() },
  });
  const last = fresh.at(-1)!;
  end = { sequence: last.sequence, msgId: last.msgId };
}

async function sign(asEvent: boolean): Promise<void> {
  const { size, sequence } = await readTreePosition(database);
  const root = await readRoot(database, size);
  const note = key.signed(checkpointText({ origin: 'holdfast/log', size, root, sequence }));
  await writeCheckpointFile(checkpointDir, size, note);
  if (!asEvent) return;
  const data = { tree_size: size, root: Buffer.from(root).toString('hex'), note };
  await log.append('events.checkpoint', {
    events: [stamp({ type: 'CheckpointSigned', subject: 'x', tenant: 'system', data }, `cp-${size}`, 1.7e12)],
  });
}
