// Content that is sealed by its data subject's key, on its way through a worker.
import { afterEach, describe, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { InMemoryKeyStore } from '@libs/content-keys/in-memory-key-store';
import { erasedEntry } from '@libs/content-keys/key-record';
import { keysForSpecs } from '@libs/content-keys/keys-for-specs';
import { openLine, openObject, sealContent } from '@libs/content-keys/sealed-content';
import { type ContentRef } from '@libs/events/content';
import { stamp } from '@libs/events/envelope';
import { InMemoryLog } from '@libs/log/in-memory-log';
import { Secret } from '@libs/settings/secret';
import { InMemorySignalBus, InMemorySignals } from '@libs/signals/in-memory-signals';
import { newEventId } from '@libs/telemetry/ids';
import { type UpstreamRequest } from './providers/outcome';
import { RunningJob, RunningJobs } from './run-attempts/running-jobs';
import { answer, candidate, requestBody, routed } from './run-attempts/test-jobs';
import { givenGovernance, providers } from './shared/test-governance';
import { Worker } from './worker';

const workers: Worker[] = [];
afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.close();
});

class Scene {
  readonly log = new InMemoryLog();
  readonly store = new InMemoryKeyStore();
  readonly keys = keysForSpecs(this.store);
  readonly bodies: string[] = [];
  /** What happens while the provider works. */
  meanwhile: () => Promise<void> = () => Promise.resolve();
  answerBody = '{"answer":"secret"}';

  /** Runs a job whose body is sealed and repeated in its commit. */
  async run(): Promise<void> {
    const worker = new Worker({
      instance: 'w1', log: this.log, keys: this.keys, signals: new InMemorySignals(new InMemorySignalBus()),
      governance: givenGovernance(providers('a')), registry: new Registry(),
      callProvider: async (_target, request: UpstreamRequest) => {
        this.bodies.push(Buffer.from(request.body).toString());
        await this.meanwhile();
        return answer(this.answerBody);
      },
      capacity: 4, webhookCapacity: 2, bodiesMaxBytes: 1024 * 1024, masterKey: new Secret('master'),
      publicUrl: null, proxy: { httpProxy: null, httpsProxy: null, noProxy: null }, now: () => Date.now(),
    });
    workers.push(worker);
    const { ref, lines } = await sealContent(this.log, requestBody, await keysForSpecs(this.store).keyOf('s'));
    await this.#ready(ref);
    const data = routed([candidate('a')], { body: ref, call: { ...routed([]).call, reply_to: null } });
    const event = stamp({ type: 'JobRouted', subject: 'job_1', tenant: 't', data }, newEventId(), Date.now());
    const { sequence } = await this.log.append('events.job.0.routed', { events: [event], content: lines });
    const commit = (await this.log.readAt(sequence))!;
    await worker.handle({
      commit, deliveryCount: 1, mayHaveRunBefore: false, working: () => undefined,
    });
  }

  beforeRun: (keyId: string) => Promise<void> = () => Promise.resolve();

  async erase(keyId: string): Promise<void> {
    await this.store.create(erasedEntry(keyId), '{}');
    await this.store.destroy('s', () => true);
    this.keys.forget('s');
  }

  #ready(ref: ContentRef): Promise<void> {
    return this.beforeRun(ref.key_id ?? '');
  }
}

describe('sealed content', () => {
  test('is opened for the provider, and the answer is sealed by the same key', async () => {
    const scene = new Scene();
    await scene.run();
    expect(scene.bodies).toEqual([requestBody]);
    const { result } = scene.log.eventsOf('JobSucceeded')[0]!.data;
    const commit = (await scene.log.readAt(2))!;
    expect(commit.contentLines[0]).not.toContain('secret');
    expect(result.key_id).toBe(scene.log.eventsOf('JobRouted')[0]!.data.body.key_id);
    const key = await scene.keys.keyOfContent(result);
    expect(openLine(commit.contentLines, result, key)).toBe(scene.answerBody);
  });

  test('of a large answer is sealed in the object store', async () => {
    const scene = new Scene();
    scene.answerBody = JSON.stringify({ answer: 'secret'.repeat(50_000) });
    await scene.run();
    const { result } = scene.log.eventsOf('JobSucceeded')[0]!.data;
    const data = await scene.log.getObject(result.sha256);
    expect(Buffer.from(data).includes('secret')).toBe(false);
    expect(openObject(data, result, await scene.keys.keyOfContent(result))).toBe(scene.answerBody);
  });

  test('that was erased before its job ran ends it with a 410, and nothing is called', async () => {
    const scene = new Scene();
    scene.beforeRun = (keyId) => scene.erase(keyId);
    await scene.run();
    expect(scene.bodies).toEqual([]);
    expect(scene.log.eventsOf('JobFailed')[0]!.data).toMatchObject({
      status: 410, error: { class: 'content_erased' }, result: null,
    });
  });

  test('that is erased during the call: the answer is booked, and nobody can read it later', async () => {
    const scene = new Scene();
    let keyId = '';
    scene.beforeRun = (id) => {
      keyId = id;
      return Promise.resolve();
    };
    scene.meanwhile = () => scene.erase(keyId);
    await scene.run();
    const { result, cost_pico_usd: cost } = scene.log.eventsOf('JobSucceeded')[0]!.data;
    expect([result.key_id, cost]).toEqual([keyId, '35']);
    await expect(scene.keys.keyOfContent(result)).rejects.toMatchObject({ code: 'content_erased' });
  });

  test('that was streamed is in the memory of its worker no more, running or ended', () => {
    const body = { sha256: 'x', bytes: 1, where: 'line' as const, key_id: 's.1' };
    const jobs = new RunningJobs();
    const [ended, running, other] = ['ended', 'running', 'other'].map((id) => new RunningJob(
      id, 't', routed([candidate('a')], { body: { ...body, key_id: id === 'other' ? 's.2' : 's.1' } }), 0,
    ));
    for (const job of [ended!, running!, other!]) {
      jobs.add(job);
      job.deltas.push({ event: null, data: 'secret' });
      job.isReadable = true;
    }
    jobs.remove(ended!, 0);
    jobs.remove(other!, 0);
    jobs.forgetErased(new Set(['s.1']));
    jobs.remove(running!, 0);
    expect(['ended', 'running', 'other'].map((id) => jobs.streamed(id, 0)?.id)).toEqual(
      [undefined, undefined, 'other']);
  });

  test('that was streamed is readable for a minute, and never longer than its key lasts', () => {
    const body = { sha256: 'x', bytes: 1, where: 'line' as const };
    const jobs = new RunningJobs();
    for (const [id, key] of [['brief', 's.none-20.0a'], ['usual', 's.0a']] as const) {
      const job = new RunningJob(id, 't', routed([candidate('a')], { body: { ...body, key_id: key } }), 0);
      jobs.add(job);
      job.deltas.push({ event: null, data: 'secret' });
      job.isReadable = true;
      jobs.remove(job, 0);
    }
    const readable = (nowMs: number): unknown[] => ['brief', 'usual'].map((id) => jobs.streamed(id, nowMs) !== null);
    expect([readable(19_999), readable(20_000), readable(60_000)]).toEqual(
      [[true, true], [false, true], [false, false]]);
  });

  test('whose key is lost ends its job with words for people', async () => {
    const scene = new Scene();
    scene.beforeRun = () => scene.store.destroy('s', () => true);
    await scene.run();
    expect(scene.log.eventsOf('JobFailed')[0]!.data).toMatchObject({
      status: 500, error: { class: 'unknown', message: expect.stringContaining('key') },
    });
  });
});
