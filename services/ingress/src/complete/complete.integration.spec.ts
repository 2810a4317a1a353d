// Sync requests over real HTTP, with the in-memory log and a scripted rest of the system.
import { afterEach, describe, expect, it } from '@jest/globals';
import { Fault } from '@libs/faults/faults';
import { answerBody } from '../scripted-system';
import { chat, get, post, type SpecIngress, startForSpecs } from '../start-for-specs';

let spec: SpecIngress;
afterEach(async () => {
  await spec.stop();
});

async function until(condition: () => boolean, timeoutMs = 20_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > end) throw new Error('it did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe('a sync request', () => {
  it('is answered with exactly the provider\'s body and the job\'s headers', async () => {
    spec = await startForSpecs();
    const response = await post(spec, '/v1/chat/completions', chat);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe(answerBody);
    const job = response.headers.get('holdfast-job-id');
    expect(job).toMatch(/^job_[0-9a-f]{32}$/);
    expect(response.headers.get('x-request-id')).toBe(job);
    expect(response.headers.get('request-id')).toBe(job);
    expect(response.headers.get('holdfast-cost-usd')).toBe('0.000123');
    expect(response.headers.get('holdfast-provider')).toBe('sim');
    expect(response.headers.get('holdfast-attempts')).toBe('1');
  });

  it('is counted once', async () => {
    spec = await startForSpecs();
    await post(spec, '/v1/chat/completions', chat);
    const { metrics } = spec.ingress.edge;
    await until(() => metrics.active === 0);
    const text = await metrics.registry.metrics();
    const route = '/v1/chat/completions';
    expect(text).toMatch(new RegExp(`ingress_requests_total\\{route="${route}",status="200",.*\\} 1$`, 'm'));
    expect(text).toMatch(/ingress_request_seconds_count\{.*\} 1$/m);
  });

  it('is served under the SDKs\' prefixes', async () => {
    spec = await startForSpecs();
    for (const path of ['/openai/v1/chat/completions', '/anthropic/v1/messages']) {
      const response = await post(spec, path, { ...chat, max_tokens: 5 });
      expect(response.status).toBe(200);
    }
  });

  it('is durable before anything else happens: its submission carries body and options', async () => {
    spec = await startForSpecs();
    await post(spec, '/v1/chat/completions', { ...chat, fallbacks: ['sim/other'] }, {
      'holdfast-metadata': '{"user":"42"}', 'holdfast-deadline': '30', 'openai-beta': 'x=1',
    });
    const submitted = spec.system.events.find((event) => event.type === 'JobSubmitted')!;
    expect(submitted).toMatchObject({
      tenant: 'default',
      data: {
        mode: 'sync', model: 'small', key: 'bootstrap', priority: 'interactive',
        on_disconnect: 'cancel', metadata: { user: '42' }, fallbacks: ['sim/other'],
        call: { endpoint: '/v1/chat/completions', headers: { 'openai-beta': 'x=1' } },
      },
    });
    const commit = await spec.log.readAt(spec.system.jobs.get(submitted.subject)!.at.sequence);
    expect(commit!.contentLines[0]).not.toContain('fallbacks');
  });

  it('whose reply is lost is answered from the log after the question to the router', async () => {
    spec = await startForSpecs();
    spec.system.script = (submitted) => spec.system.succeed(submitted, answerBody, { reply: false });
    const response = await post(spec, '/v1/chat/completions', chat);
    expect(await response.text()).toBe(answerBody);
  });

  it('that every candidate failed is a 503 the SDKs do not repeat', async () => {
    spec = await startForSpecs();
    spec.system.script = async ({ subject, tenant, data }) => {
      const sequence = await spec.system.append('routed', [{
        type: 'JobRejected', subject, tenant, data: {
          reason: 'all_candidates_failed', status: 503, message: 'All candidates failed.',
          errors: [{
            provider: 'sim', model: 'small',
            error: { class: 'rate_limited', status: 429, message: 'slow down' },
          }],
          retry_after_s: 7,
        },
      }]);
      spec.system.send(data.call.reply_to, {
        kind: 'settled', job: subject, status: 'failed', sequence, line: 0,
      });
    };
    const response = await post(spec, '/v1/chat/completions', chat);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('7');
    expect(response.headers.get('x-should-retry')).toBe('false');
    const { error } = await response.json() as { error: { message: string; job_id: string } };
    expect(error.message).toContain('sim/small: rate_limited (429)');
    expect(error.job_id).toMatch(/^job_/);
  });

  it('is canceled when its client leaves', async () => {
    spec = await startForSpecs();
    spec.system.script = () => undefined;
    const abort = new AbortController();
    const request = fetch(`${spec.url}/v1/chat/completions`, {
      method: 'POST', signal: abort.signal, body: JSON.stringify(chat),
      headers: { authorization: 'Bearer hf-spec-key', 'content-type': 'application/json' },
    }).catch(() => 'aborted');
    await until(() => spec.system.events.length > 0);
    abort.abort();
    await request;
    await until(() => spec.system.events.some((event) => event.type === 'JobCancelRequested'));
    expect(spec.system.events.at(-1)).toMatchObject({ data: { by: 'disconnect' } });
    expect(spec.ingress.edge.waiters.size).toBe(0);
  });
});

describe('a request that cannot be taken', () => {
  it('is a 401 without a key, and counted as one fact per reason', async () => {
    spec = await startForSpecs();
    for (let times = 0; times < 3; times += 1) {
      const response = await post(spec, '/v1/chat/completions', chat, { authorization: 'Bearer no' });
      expect(response.status).toBe(401);
    }
    await spec.ingress.edge.denials.flush();
    const commit = await spec.log.lastOf('events.access');
    expect(commit!.events).toMatchObject([{ data: { reason: 'invalid_api_key', count: 3 } }]);
  });

  it('takes the key from every usual header', async () => {
    spec = await startForSpecs();
    for (const name of ['x-api-key', 'api-key', 'x-goog-api-key', 'x-bf-vk']) {
      const response = await post(spec, '/v1/chat/completions', chat, {
        authorization: '', [name]: 'hf-spec-key',
      });
      expect(response.status).toBe(200);
    }
  });

  it('is a 400 that says what is wrong', async () => {
    spec = await startForSpecs();
    const broken = await post(spec, '/v1/chat/completions', '{"model":');
    expect(broken.status).toBe(400);
    expect(await broken.text()).toContain('not valid JSON');
    const header = await post(spec, '/v1/chat/completions', chat, { 'holdfast-priority': 'now' });
    expect(header.status).toBe(400);
    expect(await header.text()).toContain('holdfast-priority must be one of');
    const shape = await post(spec, '/v1/messages', { model: 'small', max_tokens: 5 });
    expect(shape.status).toBe(400);
    expect(await shape.json()).toMatchObject({ type: 'error' });
  });

  it('is a 413 in the surface\'s envelope when its body is too large', async () => {
    spec = await startForSpecs({ HOLDFAST_BODY_MAX_BYTES: '1000' });
    const long = { ...chat, user: 'x'.repeat(2000) };
    const response = await post(spec, '/v1/messages', long);
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ error: { type: 'request_too_large' } });
  });

  it('is a 404 that names what there is', async () => {
    spec = await startForSpecs();
    const response = await post(spec, '/v1/responses', chat);
    expect(response.status).toBe(404);
    expect(await response.text()).toContain('POST /v1/chat/completions');
  });

  it('is a 429 before anything is appended when too many wait', async () => {
    spec = await startForSpecs({ HOLDFAST_WAITING_MAX: '1' });
    spec.system.script = () => undefined;
    const first = post(spec, '/v1/chat/completions', chat);
    await until(() => spec.system.events.length === 1);
    const second = await post(spec, '/v1/chat/completions', chat);
    expect(second.status).toBe(429);
    expect(second.headers.get('x-should-retry')).toBe('true');
    expect(second.headers.get('retry-after')).toBe('1');
    expect(spec.system.events.length).toBe(1);
    spec.ingress.edge.waiters.shutdown();
    const shut = await first;
    expect(shut.status).toBe(503);
    expect(shut.headers.get('holdfast-job-id')).toMatch(/^job_/);
  });

  it('is a 429 while too many jobs of the whole system are open', async () => {
    spec = await startForSpecs({ HOLDFAST_QUEUE_MAX: '10' });
    const health = { router: 'r', epoch: 1, partitions: [0, 1], open_jobs: [4, 6], closed: [] };
    spec.signals.publish('health', JSON.stringify(health));
    for (const headers of [{}, { prefer: 'respond-async' }] as Record<string, string>[]) {
      const response = await post(spec, '/v1/chat/completions', chat, headers);
      expect([response.status, response.headers.get('x-should-retry')]).toEqual([429, 'true']);
    }
    spec.signals.publish('health', JSON.stringify({ ...health, router: 'other', partitions: [1], open_jobs: [5] }));
    expect((await post(spec, '/v1/chat/completions', chat)).status).toBe(200);
  });

  it('is a 503 in under a second when the log is away', async () => {
    spec = await startForSpecs();
    spec.signals.disconnect();
    spec.log.failing = new Fault('log_unavailable', 'away');
    const startedAt = Date.now();
    const response = await post(spec, '/v1/chat/completions', chat);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('2');
    expect(Date.now() - startedAt).toBeLessThan(1_000);
  });

  it('is a 503 when the log is nearly full', async () => {
    spec = await startForSpecs({}, { bytesMax: 20_000 });
    await post(spec, '/v1/chat/completions', { ...chat, user: 'x'.repeat(12_600) });
    await spec.ingress.edge.admission.checkRoom();
    const response = await post(spec, '/v1/chat/completions', chat);
    expect(response.status).toBe(503);
    expect(await response.text()).toContain('nearly full');
  });

  it('is a 503 when the log will be full before it is looked at again', async () => {
    spec = await startForSpecs({}, { bytesMax: 40_000 });
    await post(spec, '/v1/chat/completions', { ...chat, user: 'x'.repeat(14_000) });
    await spec.ingress.edge.admission.checkRoom();
    expect((await post(spec, '/v1/chat/completions', chat)).status).toBe(503);
    await spec.ingress.edge.admission.checkRoom();
    expect((await post(spec, '/v1/chat/completions', chat)).status).toBe(200);
  });
});

describe('requests with one Idempotency-Key', () => {
  it('run once, and every caller gets the same answer', async () => {
    spec = await startForSpecs();
    spec.system.script = async (submitted) => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      await spec.system.succeed(submitted, answerBody);
    };
    const responses = await Promise.all(Array.from({ length: 50 }, () =>
      post(spec, '/v1/chat/completions', chat, { 'idempotency-key': 'k1' })));
    const bodies = await Promise.all(responses.map((response) => response.text()));
    expect(new Set(bodies)).toEqual(new Set([answerBody]));
    expect(spec.system.calls).toBe(1);
    const jobs = new Set(responses.map((response) => response.headers.get('holdfast-job-id')));
    expect(jobs.size).toBe(1);
    const replayed = responses.filter((one) => one.headers.get('idempotent-replayed') === 'true');
    expect(replayed.length).toBe(49);
    const late = await post(spec, '/v1/chat/completions', chat, { 'idempotency-key': 'k1' });
    expect(late.headers.get('idempotent-replayed')).toBe('true');
    expect(await late.text()).toBe(answerBody);
  });

  it('but another body are refused with 422', async () => {
    spec = await startForSpecs();
    await post(spec, '/v1/chat/completions', chat, { 'idempotency-key': 'k1' });
    const other = await post(spec, '/v1/chat/completions', { ...chat, user: 'b' }, {
      'idempotency-key': 'k1',
    });
    expect(other.status).toBe(422);
  });

  it('left behind twice give one job', async () => {
    spec = await startForSpecs();
    spec.system.script = () => undefined;
    const headers = { 'idempotency-key': 'k2', prefer: 'respond-async' };
    const first = await post(spec, '/v1/chat/completions', chat, headers);
    const second = await post(spec, '/v1/chat/completions', chat, headers);
    expect([first.status, second.status]).toEqual([202, 202]);
    const job = await first.json() as { id: string };
    expect(await second.json()).toMatchObject({ id: job.id });
    expect(second.headers.get('idempotent-replayed')).toBe('true');
  });
});

describe('readiness', () => {
  it('is 503 only while draining, when requests are still served', async () => {
    spec = await startForSpecs();
    expect((await get(spec, '/health/ready')).status).toBe(200);
    spec.system.script = async (submitted) => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      await spec.system.succeed(submitted, answerBody);
    };
    const before = post(spec, '/v1/chat/completions', chat);
    await until(() => spec.system.events.length === 1);
    const drained = spec.ingress.drain({ graceMs: 2_000, limitMs: 20_000 });
    spec.stop = () => drained;
    const ready = await get(spec, '/health/ready');
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ status: 'draining' });
    const during = await post(spec, '/v1/chat/completions', chat);
    expect(during.status).toBe(200);
    expect(during.headers.get('connection')).toBe('close');
    expect((await before).status).toBe(200);
    await drained;
  });
});
