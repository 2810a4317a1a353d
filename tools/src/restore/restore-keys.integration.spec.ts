// The copy of the data keys in Postgres and its way back, against real servers.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { pino } from 'pino';
import { erasedEntry, sweepEntry } from '@libs/content-keys/key-record';
import { keysForSpecs } from '@libs/content-keys/keys-for-specs';
import { timedName } from '@libs/content-keys/timed-name';
import { stamp } from '@libs/events/envelope';
import { subjects } from '@libs/events/subjects';
import { connectLog, connectNats, type LogConnection } from '@libs/jetstream/connect';
import { keyStream, keyStreamConfig } from '@libs/jetstream/key-bucket';
import { ensureTopology } from '@libs/jetstream/topology';
import { type Database, migrate, openDatabase } from '@libs/postgres/database';
import { copiedKeys } from '@libs/postgres/key-copies';
import { newErasureId, newEventId } from '@libs/telemetry/ids';
import { startTestNats, startTestPostgres } from '@libs/test-kit/servers';
import { copyKeys } from '../../../services/audit/src/keep-keys/key-copier';
import { restoreKeys } from './restore-keys';

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let server: Awaited<ReturnType<typeof startTestNats>>;
let database: Database;
let connection: LogConnection;

beforeAll(async () => {
  [postgres, server] = await Promise.all([startTestPostgres(), startTestNats()]);
  await migrate(postgres.url);
  database = openDatabase({
    url: postgres.url, connectionsMax: 2, statementTimeoutMs: 0, onError: () => undefined,
  });
  const admin = await connectNats({ urls: server.url, name: 'admin' });
  await ensureTopology(admin, { partitions: 4, replicas: 1, maxBytes: 64 * 1024 * 1024 });
  await admin.close();
  connection = await connectLog({ urls: server.url, name: 'spec' }, pino({ level: 'silent' }));
}, 60_000);
afterAll(async () => {
  await connection.close();
  await database.close();
  await Promise.all([postgres.cleanup(), server.cleanup()]);
});
beforeEach(async () => {
  await loseBucket();
  await database.query('TRUNCATE commits, content_keys');
});

/** As when its disk is gone: made anew, empty. */
async function loseBucket(): Promise<void> {
  const jsm = await jetstreamManager(connection.nc);
  await jsm.streams.delete(keyStream);
  await jsm.streams.add({ ...keyStreamConfig(1) });
}

const store = () => connection.keys;
const copy = (): Promise<number> => copyKeys({ keys: store(), database, now: Date.now });
const restore = (): Promise<number> => restoreKeys(database, store(), () => undefined, Date.now());

async function copied(): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of copiedKeys(database)) names.push(name);
  return names;
}

/** Made through a cache of its own, as each process has. */
async function makeKey(name: string): Promise<string> {
  return (await keysForSpecs(store()).keyOf(name)).id;
}

async function destroy(id: string, name: string): Promise<void> {
  await store().create(erasedEntry(id), '{"erasure":"era_1","erased_at_ms":1}');
  await store().destroy(name, () => true);
}

describe('the copy of the data keys', () => {
  it('brings a lost bucket back', async () => {
    const ids = await Promise.all(['ada', 'bob', 'cy'].map(makeKey));
    expect(await copy()).toBe(3);
    expect(await copy()).toBe(0);
    await loseBucket();
    expect(await restore()).toBe(3);
    for (const id of ids) {
      expect((await keysForSpecs(store()).keyOfContent({ key_id: id }))?.id).toBe(id);
    }
    // The bucket that was made anew is copied from its start.
    await makeKey('dot');
    expect(await copy()).toBe(4);
  });

  it('forgets what was erased, and not what was made after', async () => {
    const id = await makeKey('ada');
    await makeKey('bob');
    await copy();
    await destroy(id, 'ada');
    await copy();
    expect(await copied()).toEqual(['bob', erasedEntry(id)]);
    await makeKey('ada');
    await copy();
    expect(await copied()).toEqual(['ada', 'bob', erasedEntry(id)]);
  });

  it('that is older than an erasure brings no erased key back', async () => {
    const id = await makeKey('ada');
    await makeKey('bob');
    await copy();
    const data = { data_subject: 'ada', keys: [id], jobs: 1, reason: 'x', actor: 'admin', requested_at_ms: 1 };
    const event = stamp(
      { type: 'SubjectErased', subject: newErasureId(), tenant: 'default', data }, newEventId(), 1);
    await database.query(
      'INSERT INTO commits (sequence, subject, msg_id, appended_at, bytes) VALUES (1, $1, $2, now(), $3)',
      [subjects.governance, 'm', Buffer.from(JSON.stringify(event))]);
    await loseBucket();
    expect(await restore()).toBe(1);
    expect(await store().get('ada')).toBeNull();
    await expect(keysForSpecs(store()).keyOfContent({ key_id: id }))
      .rejects.toMatchObject({ code: 'content_erased' });
  });

  it('has no key of content that is not to be kept, and those of so many days until they are over', async () => {
    const [pastMs, laterMs] = [Date.now() - 5_000, Date.now() + 3_600_000];
    const kept = timedName('ada', { kind: 'kept', untilMs: laterMs });
    const [over, none] = [timedName('ada', { kind: 'kept', untilMs: pastMs }), timedName('ada', { kind: 'none', untilMs: laterMs })];
    for (const name of ['ada', kept, over, none]) await makeKey(name);
    await store().create(sweepEntry, '{}');
    await copyKeys({ keys: store(), database, now: () => 0 });
    expect((await copied()).toSorted()).toEqual(['ada', kept, over].toSorted());
    await loseBucket();
    expect(await restore()).toBe(2);
    await copy();
    expect((await copied()).toSorted()).toEqual(['ada', kept].toSorted());
  });
});
