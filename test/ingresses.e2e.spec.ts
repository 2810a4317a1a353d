// The edge while parts of the system go away: ingresses that are replaced one after the other
// behind a balancer, and a partition that nobody owns.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { type JobView, call, chat, json, settled, submit } from './support/api';
import { type Balancer, startBalancer } from './support/balancer';
import { type Beside, startBeside } from './support/beside';
import { type Holdfast, eventually, startHoldfast } from './support/holdfast';
import { setScript } from './support/sim';
import { readEvents } from './support/sse';

let holdfast: Holdfast;

beforeAll(async () => {
  holdfast = await startHoldfast();
}, 180_000);
afterAll(() => holdfast.stop(), 60_000);

describe('a job that was just accepted', () => {
  it('is a 503 and never a 404 while nobody owns its partition, and found afterwards', async () => {
    // Without the archive nobody but the owner can know it.
    const stopped: number[] = [];
    let id = '';
    try {
      for (const part of ['router', 'audit'] as const) {
        stopped.push(await holdfast.signal(part, 'SIGSTOP'));
      }
      ({ id } = await submit(holdfast, chat('accepted')));
      for (const path of ['', '/result', '/stream']) {
        const answer = await call(holdfast, `/v1/jobs/${id}${path}`);
        expect([path, answer.status]).toEqual([path, 503]);
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      }
    } finally {
      for (const pid of stopped) process.kill(pid, 'SIGCONT');
    }
    const statuses: number[] = [];
    await eventually('its outcome', async () => {
      const answer = await call(holdfast, `/v1/jobs/${id}?wait=5`);
      statuses.push(answer.status);
      return settled(await json<JobView>(answer));
    }, 60_000);
    expect(statuses).not.toContain(404);
  }, 120_000);
});

describe('two ingresses behind a balancer', () => {
  let second: Beside;
  let balancer: Balancer;

  beforeAll(async () => {
    await setScript(holdfast.simUrl, 'sim-openai', { defaults: { latencyMs: [50, 400] } });
    second = await startBeside(holdfast, 'ingress');
    balancer = await startBalancer([holdfast.url, second.url]);
    await eventually('both ready', async () => balancer.ready().length === 2);
  }, 120_000);
  afterAll(async () => {
    await balancer.close();
    await second.stop();
  }, 60_000);

  it('are restarted one after the other under load without one failed request', async () => {
    const load = startLoad({ ...holdfast, url: balancer.url });
    await sleep(500);
    const before = (await holdfast.processes()).ingress!.pid;
    await holdfast.signal('ingress', 'SIGTERM');
    await eventually('the first to leave', async () => !balancer.ready().includes(holdfast.url));
    await eventually('the first to be back', async () =>
      (await holdfast.processes()).ingress?.pid !== before && balancer.ready().length === 2);
    expect(await second.stop()).toBe(0);
    await second.start();
    await eventually('the second to be back', async () => balancer.ready().length === 2);
    await sleep(500);
    const { answered, failed } = await load.stop();
    expect(failed).toEqual([]);
    expect(answered).toBeGreaterThan(100);
    console.log(`${answered} requests answered during two restarts`);
  }, 180_000);
});

interface Load {
  stop(): Promise<{ answered: number; failed: string[] }>;
}

/** Clients that ask again as soon as they are answered, in all three ways. */
function startLoad(through: Holdfast): Load {
  const failed: string[] = [];
  let answered = 0;
  let isOver = false;
  const kinds: (() => Promise<void>)[] = [
    async () => {
      const answer = await call(through, '/v1/chat/completions', { body: chat('sync') });
      if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
      await answer.text();
    },
    async () => {
      const events = await readEvents(await call(through, '/v1/chat/completions', {
        body: { ...chat('streamed'), stream: true },
      }));
      const last = events.at(-1)?.data;
      if (last !== '[DONE]') throw new Error(`a stream that ends with ${last ?? 'nothing'}`);
    },
    async () => {
      const { id } = await submit(through, chat('a job'));
      const job = await json<JobView>(call(through, `/v1/jobs/${id}?wait=20`));
      if (job.status !== 'succeeded') throw new Error(JSON.stringify(job));
    },
  ];
  const clients = [...kinds, ...kinds].map(async (ask) => {
    while (!isOver) {
      await ask().then(() => { answered += 1; }, (error: unknown) => {
        failed.push(inspect(error));
      });
    }
  });
  return {
    stop: async () => {
      isOver = true;
      await Promise.all(clients);
      return { answered, failed };
    },
  };
}
