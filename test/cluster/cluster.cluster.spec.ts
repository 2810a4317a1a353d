// A cluster under load: any node and any process may die, and everything may be restarted in turn.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type JobView } from '../support/api';
import { type Cluster, type Member, serviceNames, startCluster } from '../support/cluster';
import { eventually } from '../support/holdfast';
import { ledger } from '../support/sim';
import { type Outcome, startLoad } from './load';

let cluster: Cluster;
const seen: Outcome[] = [];

beforeAll(async () => {
  cluster = await startCluster();
}, 180_000);
afterAll(async () => {
  await cluster.close();
}, 120_000);

const ok = ({ status }: Outcome): boolean => status >= 200 && status < 300;

function failures(outcomes: readonly Outcome[]): string[] {
  return outcomes.filter((one) => !ok(one)).map(({ name, status, body }) => `${name}: ${status} ${body}`);
}

/** Everything in turn, under load. */
async function eachInTurn(
  members: readonly Member[], act: (member: Member) => Promise<void>,
  load: { perSecond: number; triesMax: number },
): Promise<readonly Outcome[]> {
  const clients = startLoad(cluster, load);
  const tookMs: Record<string, number> = {};
  try {
    for (const member of members) {
      await pause(1_500);
      const startedAt = performance.now();
      await act(member);
      tookMs[member.name] = Math.round(performance.now() - startedAt);
      await pause(1_500);
    }
  } finally {
    await clients.stop();
  }
  const outcomes = await clients.stop();
  seen.push(...outcomes);
  console.log(`back after (ms): ${JSON.stringify(tookMs)}`);
  return outcomes;
}

function report(what: string, outcomes: readonly Outcome[]): void {
  const durations = outcomes.map(({ durationMs }) => durationMs).sort((a, b) => a - b);
  const repeated = outcomes.filter(({ tries }) => tries > 1);
  const words = new Set(repeated.flatMap(({ earlier }) => earlier));
  console.log(`${what}: ${outcomes.length} requests, ${repeated.length} repeated, p50 ${
    durations[Math.floor(durations.length / 2)] ?? 0} ms, longest ${durations.at(-1) ?? 0} ms`, [...words]);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const members = (): Member[] => [
  ...cluster.nodes, ...serviceNames.flatMap((name) => [...cluster.services[name]]),
];

describe('a cluster under load', () => {
  it('loses no request to a node or a process that is killed, when clients repeat', async () => {
    const outcomes = await eachInTurn(
      members(), (member) => member.crash(), { perSecond: 10, triesMax: 8 });
    report('each killed', outcomes);
    expect(failures(outcomes)).toEqual([]);
  }, 300_000);

  it('fails no request while everything is restarted in turn, also for clients that repeat nothing', async () => {
    const outcomes = await eachInTurn(
      members(), (member) => member.rollingRestart(), { perSecond: 10, triesMax: 1 });
    report('all restarted', outcomes);
    expect(failures(outcomes)).toEqual([]);
  }, 420_000);

  it('has given each accepted job its one outcome, and booked each call once', async () => {
    const jobs = seen.filter((one) => ok(one) && one.name.startsWith('job-'))
      .map(({ body }) => JSON.parse(body) as JobView);
    expect(jobs.length).toBeGreaterThan(50);
    const booked: string[] = [];
    for (const { id } of jobs) {
      const job = await eventually(`the outcome of ${id}`, async () => {
        const answer = await fetch(`${cluster.url}/v1/jobs/${id}?wait=5`, {
          headers: { authorization: `Bearer ${cluster.key}` },
        });
        const view = await answer.json() as JobView;
        return view.status === 'succeeded' && view;
      }, 60_000);
      booked.push(...job.attempts.filter(({ outcome }) => outcome === 'succeeded')
        .map(({ attempt_id }) => attempt_id));
    }
    expect(new Set(booked).size).toBe(jobs.length);
    const served = new Set((await ledger(cluster.simUrl))
      .filter(({ outcome }) => outcome === 'served').map(({ attempt }) => attempt));
    expect(booked.filter((attempt) => !served.has(attempt))).toEqual([]);
  }, 120_000);
});
