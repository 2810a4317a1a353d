// What may not be lost or doubled when the server dies, goes away or answers late.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { type Commit, unreachableAfterMs } from '@libs/log/log';
import { anEntry } from '@libs/test-kit/log-contract';
import { startTestNats } from '@libs/test-kit/servers';
import { waitFor } from '@libs/test-kit/wait-for';
import { type LogConnection, type LogSettings } from './connect';
import { emptyLog } from './log-for-specs';

const unexpected = (error: unknown): never => {
  throw new Error('the fold stopped', { cause: error });
};

let server: Awaited<ReturnType<typeof startTestNats>>;
let open: LogConnection[] = [];

async function connected(settings: Partial<LogSettings> = {}): Promise<LogConnection> {
  const connection = await emptyLog(server.url, settings);
  open.push(connection);
  return connection;
}

beforeEach(async () => {
  server = await startTestNats();
}, 60_000);
afterEach(async () => {
  await Promise.all(open.map((connection) => connection.nc.close()));
  open = [];
  await server.cleanup();
});

async function restartAfterKill(downMs: number): Promise<void> {
  await server.kill('SIGKILL');
  await new Promise((resolve) => setTimeout(resolve, downMs));
  await server.restart();
}

async function idsFrom(log: LogConnection['log']): Promise<string[]> {
  const ids: string[] = [];
  const following = await log.follow({
    subjects: ['events.>'], after: null,
    onCommit: ({ events }) => events.forEach(({ id }) => ids.push(id)),
    onStopped: unexpected,
  });
  await following.caughtUp();
  await following.stop();
  return ids;
}

describe('when the server is killed under load', () => {
  it('no acknowledged entry is lost and none is stored twice', async () => {
    const { log } = await connected({ whenUnreachable: 'keep' });
    const acknowledged: string[] = [];
    let stop = false;
    const writers = Array.from({ length: 32 }, async (_, writer) => {
      for (let index = 0; !stop; index += 1) {
        const id = `w${writer}-${index}`;
        await log.append(`events.job.${writer % 4}.submitted`, anEntry(id));
        acknowledged.push(id);
      }
    });
    for (let round = 0; round < 2; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      await restartAfterKill(200);
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
    stop = true;
    await Promise.all(writers);
    const stored = await idsFrom(log);
    expect(acknowledged.length).toBeGreaterThan(500);
    expect(new Set(stored).size).toBe(stored.length);
    expect(stored.length).toBe(acknowledged.length);
    expect(new Set(stored)).toEqual(new Set(acknowledged));
  }, 60_000);

  it('a fold goes on without gap or double', async () => {
    const { log } = await connected({ whenUnreachable: 'keep' });
    const seen: Commit[] = [];
    const following = await log.follow({
      subjects: ['events.job.*.submitted', 'events.job.*.settled'], after: null,
      onCommit: (commit) => void seen.push(commit),
      onStopped: (error) => { throw error as Error; },
    });
    let appended = 0;
    for (let round = 0; round < 3; round += 1) {
      for (let index = 0; index < 50; index += 1) {
        await log.append('events.job.1.submitted', anEntry(`s${appended}`));
        appended += 1;
      }
      if (round < 2) await restartAfterKill(50);
    }
    await following.caughtUp();
    expect(seen.flatMap(({ events }) => events.map(({ id }) => id)))
      .toEqual(Array.from({ length: appended }, (_, index) => `s${index}`));
  }, 60_000);
});

describe('while the server is away', () => {
  /** The log gives up sooner; who waited for an answer instead would wait for two seconds. */
  const quickMsMax = unreachableAfterMs + 1_000;

  it('an append that must fail fast does, and works again afterwards', async () => {
    const { log, link } = await connected();
    await log.append('events.access', anEntry());
    await server.kill('SIGKILL');
    await waitFor(() => !link.connected);
    const startedAt = performance.now();
    await expect(log.append('events.access', anEntry())).rejects
      .toMatchObject({ code: 'log_unavailable' });
    expect(performance.now() - startedAt).toBeLessThan(quickMsMax);
    await server.restart();
    await waitFor(() => link.connected);
    await log.append('events.access', anEntry());
  }, 60_000);

  it('an append waits for a connection that is back in a moment', async () => {
    const { log, link, nc } = await connected();
    await log.append('events.access', anEntry());
    void nc.reconnect();
    await waitFor(() => !link.connected);
    await log.append('events.access', anEntry('meanwhile'));
    expect(await log.appendFenced('events.job.0.routed', anEntry(), 0))
      .toMatchObject({ outcome: 'appended' });
    expect(await idsFrom(log)).toContain('meanwhile');
  }, 60_000);

  it('a server that stopped answering soon fails what waits behind it', async () => {
    const { log } = await connected();
    await log.append('events.access', anEntry());
    server.signal('SIGSTOP');
    const first = log.append('events.access', anEntry('in flight'));
    // What is appended in the same turn leaves with it.
    await new Promise((resolve) => setTimeout(resolve, 10));
    const startedAt = performance.now();
    await expect(log.append('events.access', anEntry('waiting'))).rejects
      .toMatchObject({ code: 'log_unavailable' });
    const failedAt = performance.now();
    expect(failedAt - startedAt).toBeLessThan(quickMsMax);
    await expect(log.append('events.access', anEntry('new'))).rejects
      .toMatchObject({ code: 'log_unavailable' });
    // At once: it does not wait for that time again.
    expect(performance.now() - failedAt).toBeLessThan(unreachableAfterMs - 100);
    server.signal('SIGCONT');
    await first;
    expect(await idsFrom(log)).not.toContain('waiting');
  }, 60_000);

  it('an append that is kept is stored once the server is back', async () => {
    const { log, link } = await connected({ whenUnreachable: 'keep' });
    await log.append('events.access', anEntry());
    await server.kill('SIGKILL');
    await waitFor(() => !link.connected);
    const kept = log.append('events.job.0.settled', anEntry('kept'));
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await server.restart();
    await kept;
    expect(await idsFrom(log)).toContain('kept');
  }, 60_000);
});

describe('a fenced append whose acknowledgement is lost', () => {
  it('is repeated and counts as appended: its writer is not deposed', async () => {
    const { log, nc } = await connected();
    const { outcome } = await log.appendFenced('events.job.0.routed', anEntry('1'), 0);
    expect(outcome).toBe('appended');
    // The first answer to the next publish is swallowed.
    const request = nc.request.bind(nc);
    let swallowed = false;
    nc.request = async (...given) => {
      const answer = await request(...given);
      if (swallowed || given[0] !== 'events.job.0.routed') return answer;
      swallowed = true;
      throw new Error('timeout');
    };
    const second = await log.appendFenced('events.job.0.routed', anEntry('2'), 1);
    expect(swallowed).toBe(true);
    expect(second).toEqual({ outcome: 'appended', sequence: 2 });
    expect(await idsFrom(log)).toEqual(['1', '2']);
  }, 60_000);

  it('has lost when another writer was first', async () => {
    const { log } = await connected();
    await log.appendFenced('events.job.0.routed', anEntry('1'), 0);
    expect(await log.appendFenced('events.job.0.routed', anEntry('2'), 0))
      .toEqual({ outcome: 'lost_race', lastSequence: 1 });
  }, 60_000);
});

describe('a full log', () => {
  it('says so, and does not take it for an unknown end', async () => {
    const { log, nc } = await connected();
    const jsm = await jetstreamManager(nc);
    const { config } = await jsm.streams.info('EVENTS');
    await jsm.streams.update('EVENTS', { ...config, max_bytes: 1000 });
    await expect((async () => {
      for (let index = 0; index < 50; index += 1) await log.append('events.access', anEntry());
    })()).rejects.toMatchObject({ code: 'log_full' });
  }, 60_000);
});
