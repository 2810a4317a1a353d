import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { type NatsConnection } from '@nats-io/transport-node';
import { anEntry } from '@libs/test-kit/log-contract';
import { startTestNats } from '@libs/test-kit/servers';
import { waitFor } from '@libs/test-kit/wait-for';
import { connectLog, connectNats, type LogConnection } from './connect';
import { consumeWork } from './consume-work';
import { natsPermissions, natsServices, type NatsService, renderUsers } from './permissions';
import { quietLogger } from './log-for-specs';
import { ensureTopology } from './topology';
import { trimLog } from './trim';

const unexpected = (error: unknown): never => {
  throw new Error('the fold stopped', { cause: error });
};

let server: Awaited<ReturnType<typeof startTestNats>>;
let admin: NatsConnection;
const services = new Map<NatsService, LogConnection>();
const of = (service: NatsService): LogConnection => services.get(service)!;

beforeAll(async () => {
  server = await startTestNats({
    users: [
      { user: 'admin', password: 'a' },
      ...natsServices.map((user) => (
        { user, password: `${user} p@ss`, permissions: natsPermissions(user) })),
    ],
  });
  admin = await connectNats({ urls: server.adminUrl, name: 'admin' });
  await ensureTopology(admin, { partitions: 4, replicas: 1, maxBytes: 64 * 1024 * 1024 });
  for (const service of natsServices) {
    const urls = server.urlFor(service);
    services.set(service, await connectLog(
      { urls, name: service, monitorUrl: server.monitorUrl }, quietLogger,
    ));
  }
}, 60_000);
afterAll(async () => {
  await Promise.all([...services.values()].map(({ nc }) => nc.close()));
  await admin.close();
  await server.cleanup();
});

it('a service learns the partition count, the capabilities and the durability', () => {
  expect(of('ingress')).toMatchObject({ partitionCount: 4 });
  expect(of('ingress').durability).toBe(of('ingress').capabilities.syncAlways
    ? 'power-loss' : 'process-crash');
});

describe('each service', () => {
  it.each([
    ['ingress', 'events.job.0.submitted'], ['ingress', 'events.access'],
    ['router', 'events.job.0.routed'], ['workers', 'events.job.0.settled'],
    ['workers', 'events.webhook.0'], ['audit', 'events.checkpoint'],
  ] as const)('%s appends to %s', async (service, subject) => {
    await of(service).log.append(subject, anEntry());
  });

  it.each([...natsServices])('%s folds the log, one filter or several', async (service) => {
    for (const subjects of [['events.>'], ['events.access', 'events.job.*.settled']]) {
      let seen = 0;
      const following = await of(service).log.follow({
        subjects, after: null, onCommit: () => { seen += 1; }, onStopped: unexpected,
      });
      await following.caughtUp();
      await following.stop();
      expect(seen).toBeGreaterThan(0);
    }
    expect(await of(service).log.readAt(1)).not.toBeNull();
  });

  it('stores and reads large content where it must', async () => {
    const text = 'y'.repeat(200_000);
    for (const service of ['ingress', 'workers'] as const) {
      await of(service).log.putObject(service.padEnd(64, '0'), Buffer.from(text));
    }
    for (const service of natsServices) {
      const data = await of(service).log.getObject('workers'.padEnd(64, '0'));
      expect(Buffer.from(data).toString()).toBe(text);
    }
  });

  it('the ingress makes and destroys data keys, workers and audit read them', async () => {
    const { keys } = of('ingress');
    expect(await keys.create('subject', 'wrapped')).toBe(true);
    expect(await of('workers').keys.get('subject')).toBe('wrapped');
    expect(await of('audit').keys.get('subject')).toBe('wrapped');
    await expect(of('workers').keys.create('other', 'wrapped')).rejects.toThrow();
    await expect(of('audit').keys.destroy('subject', () => true)).rejects.toThrow();
    await keys.destroy('subject', () => true);
    expect(await of('workers').keys.get('subject')).toBeNull();
  });
});

describe('nobody but the admin', () => {
  it.each([...natsServices])('%s cannot delete or change the stream', async (service) => {
    const jsm = await jetstreamManager(of(service).nc, { checkAPI: false, timeout: 1000 });
    await expect(jsm.streams.delete('EVENTS')).rejects.toThrow();
    await expect(jsm.streams.update('EVENTS', { max_bytes: 1 })).rejects.toThrow();
    await expect(jsm.streams.deleteMessage('EVENTS', 1)).rejects.toThrow();
    if (service !== 'audit') await expect(jsm.streams.purge('EVENTS')).rejects.toThrow();
    expect((await (await jetstreamManager(admin)).streams.info('EVENTS')).state.messages)
      .toBeGreaterThan(0);
  });

  it('a service cannot append to the subjects of another', async () => {
    await expect(of('audit').log.append('events.governance', anEntry())).rejects.toThrow();
  });

  it('only workers take work', async () => {
    const jsm = await jetstreamManager(of('router').nc, { checkAPI: false, timeout: 1000 });
    await expect(jsm.consumers.delete('EVENTS', 'workers')).rejects.toThrow();
  });
});

it('workers take work and the router holds leases and snapshots', async () => {
  const seen: number[] = [];
  const consumer = consumeWork(of('workers').work, {
    durable: 'workers', subjects: ['events.job.*.routed'], ackWaitMs: 10_000,
    hasRoom: () => true, onPoison: () => undefined,
  }, async ({ commit }) => void seen.push(commit.sequence));
  await of('router').log.append('events.job.1.routed', anEntry());
  await waitFor(() => seen.length > 0);
  await consumer.stop(1000);

  const { leases, snapshots } = of('router');
  const lease = await leases.acquire('partition-0', 'router-a');
  expect(lease).not.toBeNull();
  expect(await leases.acquire('partition-0', 'router-b')).toBeNull();
  const renewed = await leases.renew(lease!);
  expect(renewed).not.toBeNull();
  expect(await leases.renew(lease!)).toBeNull();
  expect(await leases.holderOf('partition-0')).toBe('router-a');
  await leases.release(renewed!);
  expect(await leases.holderOf('partition-0')).toBeNull();
  expect(await leases.acquire('partition-0', 'router-b')).not.toBeNull();

  await snapshots.put('p0', Buffer.from('first'));
  await snapshots.put('p0', Buffer.from('second'));
  expect((await snapshots.get('p0'))?.toString()).toBe('second');
  expect(await snapshots.get('none')).toBeNull();
  expect((await snapshots.list()).map(({ name }) => name)).toEqual(['p0']);
  expect(await snapshots.delete('p0')).toBe(true);
  expect(await snapshots.get('p0')).toBeNull();
});

it('audit trims in steps, keeps each subject\'s last commit and never touches governance', async () => {
  const { log } = of('ingress');
  for (let index = 0; index < 30; index += 1) await log.append('events.access', anEntry());
  await log.appendFenced('events.governance', anEntry(), 0);
  await log.appendFenced('events.governance', anEntry(), (await log.state()).lastSequence);
  const { lastSequence } = await log.state();
  const jsm = await jetstreamManager(of('audit').nc, { checkAPI: false });
  const removed = await trimLog(jsm, { upTo: lastSequence, subjects: ['events.>'], step: 7 });
  expect(removed).toBeGreaterThanOrEqual(29);
  expect((await log.lastOf('events.access'))).not.toBeNull();
  const governance: number[] = [];
  const following = await log.follow({
    subjects: ['events.governance'], after: null, onStopped: unexpected,
    onCommit: ({ sequence }) => void governance.push(sequence),
  });
  await following.caughtUp();
  expect(governance).toHaveLength(2);
});

it('the users are rendered as the server reads them', () => {
  const text = renderUsers({ admin: '1', ingress: '2', router: '3', workers: '4', audit: '5' });
  expect(text).toContain('{ user: "audit", password: "5", permissions: {"publish":{"allow":[');
});

it('making the topology again changes nothing', async () => {
  const again = await ensureTopology(admin, { partitions: 9, replicas: 1, maxBytes: 1024 });
  expect(again).toEqual({ partitionCount: 4, maxBytes: 64 * 1024 * 1024, created: false });
});
