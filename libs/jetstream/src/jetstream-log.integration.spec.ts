import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { startTestNats } from '@libs/test-kit/servers';
import { anEntry, describeLogContract } from '@libs/test-kit/log-contract';
import { type LogConnection } from './connect';
import { followLog } from './follow';
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

describeLogContract('the log in JetStream', async () => {
  const connection = await emptyLog(server.url);
  open.push(connection);
  return connection.log;
});

it('a server that knows one filter only sends all, and the fold sees what it asked for', async () => {
  const connection = await emptyLog(server.url);
  open.push(connection);
  const { log, work } = connection;
  for (const subject of ['events.access', 'events.job.0.routed', 'events.webhook.1']) {
    await log.append(subject, anEntry());
  }
  const seen: string[] = [];
  const following = followLog({ ...work, severalFilters: false }, {
    subjects: ['events.job.*.routed', 'events.webhook.*'], after: null,
    onCommit: ({ subject }) => void seen.push(subject),
    onStopped: (error) => { throw new Error('the fold stopped', { cause: error }); },
  });
  await following.caughtUp();
  await following.stop();
  expect(seen).toEqual(['events.job.0.routed', 'events.webhook.1']);
  expect(following.handledSequence).toBe(3);
});
