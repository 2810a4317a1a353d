// Garbage in the log: whatever subject it stands in, nothing stops, work goes on, and operators are
// shown what it was.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstream } from '@nats-io/jetstream';
import { call, chat, type JobView, json, settled, submit } from './support/api';
import { eventually, type Holdfast, startHoldfast } from './support/holdfast';
import { natsAdmin } from './support/nats';

let holdfast: Holdfast;
const garbage = ['\u0000\u0001 no JSON', '{"id":"e1","type":"JobRouted","version":1}'];
const subjects = [
  ...['submitted', 'routed', 'attempted', 'settled'].flatMap((kind) =>
    [0, 1, 2, 3].map((partition) => `events.job.${partition}.${kind}`)),
  'events.webhook.2', 'events.governance', 'events.access', 'events.job.77.submitted',
];

beforeAll(async () => {
  holdfast = await startHoldfast();
  const nc = await natsAdmin(holdfast);
  for (const subject of subjects) {
    for (const text of garbage) await jetstream(nc).publish(subject, text);
  }
  await nc.close();
}, 180_000);
afterAll(() => holdfast.stop(), 60_000);

const admin = (): Record<string, string> => ({ authorization: `Bearer ${holdfast.adminToken}` });

async function expectWork(name: string): Promise<void> {
  const answer = await call(holdfast, '/v1/chat/completions', { body: chat(name) });
  expect([name, answer.status]).toEqual([name, 200]);
  const job = await submit(holdfast, chat(`${name}, later`));
  await eventually(`the outcome of ${name}`, async () => {
    const view = await json<JobView>(call(holdfast, `/v1/jobs/${job.id}?wait=5`));
    return settled(view) && view.status === 'succeeded';
  });
}

describe('garbage in every subject of the log', () => {
  it('stops neither jobs nor changes of the configuration', async () => {
    await expectWork('a job after garbage');
    const made = await call(holdfast, '/admin/v1/customers', { body: { id: 'acme' }, headers: admin() });
    expect(made.status).toBe(201);
  }, 60_000);

  it('is listed with its error among the dead letters', async () => {
    interface Listed { broken_commits: { sequence: number; subject: string; error: string }[] }
    const expected = subjects.length * garbage.length;
    const { broken_commits: broken } = await eventually('the archive', async () => {
      const answer = await call(holdfast, '/admin/v1/dead_letters', { headers: admin() });
      const body = await json<Listed>(answer);
      return body.broken_commits.length >= expected && body;
    });
    expect(broken).toHaveLength(expected);
    expect(new Set(broken.map(({ subject }) => subject))).toEqual(new Set(subjects));
    expect(broken.every(({ error }) => /not JSON|not an event/.test(error))).toBe(true);
  }, 60_000);

  it('does not stop what starts anew either', async () => {
    for (const part of ['router', 'workers', 'audit', 'ingress'] as const) {
      const pid = await holdfast.signal(part, 'SIGKILL');
      await eventually(`${part} again`, async () => {
        const running = (await holdfast.processes())[part];
        if (running === undefined || running.pid === pid) return false;
        return (await fetch(`${running.url}/health/ready`)).ok;
      }, 60_000);
    }
    // Ready is each by itself: workers and routers have yet to hear of each other.
    await eventually('an answer', async () =>
      (await call(holdfast, '/v1/chat/completions', { body: chat('hello again') })).ok, 60_000);
    await expectWork('a job after restarts');
  }, 400_000);
});
