// Large content under stress: the same body is often sent twice at once, by a client that repeats.
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestNats } from '@libs/test-kit/servers';
import { sha256Hex } from '@libs/log/content';
import { type LogConnection } from './connect';
import { emptyLog } from './log-for-specs';

let server: Awaited<ReturnType<typeof startTestNats>>;
let open: LogConnection[] = [];

beforeAll(async () => {
  server = await startTestNats();
}, 60_000);
afterEach(async () => {
  await Promise.all(open.map((connection) => connection.close()));
  open = [];
});
afterAll(async () => {
  await server.cleanup();
});

async function connected(): Promise<LogConnection> {
  const connection = await emptyLog(server.url);
  open.push(connection);
  return connection;
}

const newContent = (bytes: number): { sha256: string; data: Buffer } => {
  const text = randomBytes(bytes / 2).toString('hex');
  return { sha256: sha256Hex(text), data: Buffer.from(text) };
};

describe('large content', () => {
  it('that several store at once is there for each of them, and once', async () => {
    const { content, nc } = await connected();
    const { sha256, data } = newContent(2_000_000);
    await Promise.all(Array.from({ length: 12 }, async (_, index) => {
      // Each comes a little later than the one before: some see it there, some do not yet.
      await new Promise((resolve) => setTimeout(resolve, index * 15));
      await content.put(sha256, data);
      expect((await content.get(sha256))?.equals(data)).toBe(true);
    }));
    expect(await storedChunks(nc)).toBeLessThan(20);
  });

  it('that several in one process store at once is sent once', async () => {
    const { content, nc } = await connected();
    const { sha256, data } = newContent(2_000_000);
    const before = await storedChunks(nc);
    await Promise.all(Array.from({ length: 8 }, () => content.put(sha256, data)));
    expect(await storedChunks(nc) - before).toBeLessThan(20);
    // Sixteen chunks and what is asked around them; eight times would be more than 128.
    expect(nc.stats().outMsgs).toBeLessThan(60);
  });

  it('read by many at once does not cost a busy process its connection', async () => {
    const { content, nc } = await connected();
    const contents = Array.from({ length: 12 }, () => newContent(12 * 1024 * 1024));
    for (const { sha256, data } of contents) await content.put(sha256, data);
    let losses = 0;
    void (async () => {
      for await (const { type } of nc.status()) if (type === 'disconnect') losses += 1;
    })();
    let left = contents.length;
    const reading = Promise.all(contents.map(async ({ sha256, data }) => {
      expect((await content.get(sha256))?.equals(data)).toBe(true);
      left -= 1;
    }));
    const endsAt = performance.now() + 90_000;
    while (left > 0 && performance.now() < endsAt) {
      // As when it parses such bodies: nothing is taken from the connection meanwhile.
      const until = performance.now() + 150;
      while (performance.now() < until);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await reading;
    expect(losses).toBe(0);
  }, 180_000);

  it('that was deleted can be stored again', async () => {
    const { content } = await connected();
    const { sha256, data } = newContent(300_000);
    await content.put(sha256, data);
    await content.delete(sha256);
    expect(await content.get(sha256)).toBeNull();
    await content.put(sha256, data);
    expect((await content.get(sha256))?.equals(data)).toBe(true);
  });

  it('whose chunks are gone is a fault, not a wait without end', async () => {
    const { content, nc } = await connected();
    const { sha256, data } = newContent(300_000);
    await content.put(sha256, data);
    await nc.request('$JS.API.STREAM.PURGE.OBJ_content', JSON.stringify({ filter: '$O.content.C.>' }));
    await expect(content.get(sha256)).rejects.toMatchObject({ code: 'log_unavailable' });
  });

  it('whose chunk is another than was stored is a fault, and nothing else', async () => {
    const { content, nc } = await connected();
    const { sha256, data } = newContent(100_000);
    const others = new Set(Object.keys(await chunkSubjects(nc)));
    await content.put(sha256, data);
    const [chunk = ''] = Object.keys(await chunkSubjects(nc)).filter((name) => !others.has(name));
    await nc.request('$JS.API.STREAM.PURGE.OBJ_content', JSON.stringify({ filter: chunk }));
    await nc.request(chunk, Buffer.alloc(data.length, 'x'));
    // A rejection that nobody handles fails the test, as it would end a service.
    await expect(content.get(sha256)).rejects.toMatchObject({ code: 'log_unavailable' });
    await new Promise((resolve) => setTimeout(resolve, 50));
  });
});

/** Messages of the bucket's stream under chunk subjects; 2 MB are sixteen of 128 KiB. */
async function storedChunks(nc: LogConnection['nc']): Promise<number> {
  return Object.values(await chunkSubjects(nc)).reduce((sum, count) => sum + count, 0);
}

async function chunkSubjects(nc: LogConnection['nc']): Promise<Record<string, number>> {
  const asked = { subjects_filter: '$O.content.C.>' };
  const answer = await nc.request('$JS.API.STREAM.INFO.OBJ_content', JSON.stringify(asked));
  return answer.json<{ state: { subjects?: Record<string, number> } }>().state.subjects ?? {};
}
