import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { afterEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '@libs/test-kit/wait-for';
import { watchNats } from './watch-nats';

const ends: (() => unknown)[] = [];
afterEach(() => { for (const end of ends.splice(0)) end(); });

const writeError = "JetStream stream '$G > EVENTS' write error: no space left on device";

async function watched(
  answer: { status: number; error?: string }, dataDir = tmpdir(),
): Promise<{ signals: string[]; reasons: string[]; checks: () => number }> {
  const signals: string[] = [];
  const reasons: string[] = [];
  let checks = 0;
  const server: Server = createServer((_request, response) => {
    checks += 1;
    response.statusCode = answer.status;
    response.end(JSON.stringify({ status: 'unavailable', error: answer.error }));
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const { port } = server.address() as AddressInfo;
  const part = { pid: 1, signal: (name: NodeJS.Signals) => void signals.push(name) };
  ends.push(() => server.close(), watchNats(part, {
    monitorUrl: `http://127.0.0.1:${port}`, dataDir, checkEveryMs: 20,
  }, (why) => void reasons.push(why)));
  return { signals, reasons, checks: () => checks };
}

describe('a NATS server', () => {
  it('that could not write is restarted as soon as there is room', async () => {
    const { signals, reasons } = await watched({ status: 500, error: writeError });
    await waitFor(() => signals.length > 0);
    expect(signals[0]).toBe('SIGKILL');
    expect(reasons[0]).toBe('NATS could not write, and there is room now');
  });

  it('that could not write is left alone while its disk is full', async () => {
    // A file system of the kernel's own has no room.
    const full = process.platform === 'darwin' ? '/dev' : '/proc';
    const { signals, checks } = await watched({ status: 500, error: writeError }, full);
    await waitFor(() => checks() > 5);
    expect(signals).toEqual([]);
  });

  it('that is unhealthy for a moment, or well, is left alone', async () => {
    const moment = await watched({ status: 503, error: 'JetStream is recovering' });
    const well = await watched({ status: 200 });
    await waitFor(() => moment.checks() > 5 && well.checks() > 5);
    expect([...moment.signals, ...well.signals]).toEqual([]);
  });
});
