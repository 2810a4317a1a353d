import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { startTestNats } from '@libs/test-kit/servers';
import { describeLogContract } from '@libs/test-kit/log-contract';
import { type LogConnection } from './connect';
import { emptyLog } from './test-log';

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
