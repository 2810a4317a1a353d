// Jobs that nobody waits for, idempotency, cancel, re-attach, webhooks: as a client sees them.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { type JobView, call, chat, json, settled, submit } from './support/api';
import { type Holdfast, eventually, startHoldfast } from './support/holdfast';
import { type Receiver, startReceiver } from './support/receiver';
import { clearLedger, ledger, setScript } from './support/sim';
import { readEvents, textOf } from './support/sse';

let holdfast: Holdfast;
let receiver: Receiver;
let dead: Receiver;

beforeAll(async () => {
  receiver = await startReceiver();
  dead = await startReceiver();
  dead.setStatus(0);
  holdfast = await startHoldfast({ config: 'webhooks: { allow_private: true }\n' });
}, 180_000);
afterAll(async () => {
  await holdfast.stop();
  await receiver.close();
  await dead.close();
}, 60_000);

async function endpoint(url: string): Promise<{ id: string; secret: string }> {
  const answer = await call(holdfast, '/v1/webhook_endpoints', { body: { url } });
  expect([200, 201]).toContain(answer.status);
  return json(answer);
}

describe('a job', () => {
  it('is accepted at once, can be polled, and keeps its result', async () => {
    const job = await submit(holdfast, chat('job one'), { metadata: { purpose: 'test' } });
    const done = await json<JobView>(call(holdfast, `/v1/jobs/${job.id}?wait=20`));
    expect(done.status).toBe('succeeded');
    expect(done.attempts.length).toBe(1);
    expect(Number(done.cost_usd)).toBeGreaterThan(0);
    const result = await json<{ choices: unknown[] }>(call(holdfast, `/v1/jobs/${job.id}/result`));
    expect(result.choices.length).toBe(1);
  });

  it('is listed with its metadata and tells its story', async () => {
    const job = await submit(holdfast, chat('listed'), { metadata: { purpose: 'list-me' } });
    const listed = await eventually('listed', async () => {
      const page = await json<{ data: JobView[] }>(call(holdfast, '/v1/jobs?metadata[purpose]=list-me'));
      return page.data.find((one) => one.id === job.id && one.status === 'succeeded');
    });
    expect(listed.metadata).toEqual({ purpose: 'list-me' });
    const events = await json<{ data: { type: string }[] }>(call(holdfast, `/v1/jobs/${job.id}/events`));
    expect(events.data.map((event) => event.type)).toEqual(
      expect.arrayContaining(['JobSubmitted', 'JobRouted', 'JobSucceeded']),
    );
  });

  it('made with Prefer: respond-async is the same', async () => {
    const answer = await call(holdfast, '/v1/chat/completions', {
      body: chat('async'), headers: { prefer: 'respond-async' },
    });
    expect(answer.status).toBe(202);
    expect(answer.headers.get('location')).toMatch(/^\/v1\/jobs\/job_/);
  });

  it('can be canceled while it runs, and has one outcome', async () => {
    const job = await submit(holdfast, { ...chat('slow'), model: 'sim-openai/sim-slow' });
    await call(holdfast, `/v1/jobs/${job.id}/cancel`, { method: 'POST' });
    const done = await json<JobView>(call(holdfast, `/v1/jobs/${job.id}?wait=20`));
    expect(done.status).toBe('canceled');
    const again = await call(holdfast, `/v1/jobs/${job.id}/cancel`, { method: 'POST' });
    expect([again.status, (await json<JobView>(again)).status]).toEqual([200, 'canceled']);
  });

  it('expires at its deadline', async () => {
    const job = await submit(holdfast, { ...chat('late'), model: 'sim-openai/sim-slow' }, { deadline_s: 1 });
    const done = await json<JobView>(call(holdfast, `/v1/jobs/${job.id}?wait=20`));
    expect(done.status).toBe('expired');
  });

  it('waits for its run_at', async () => {
    const runAt = Math.ceil(Date.now() / 1000) + 2;
    const job = await submit(holdfast, chat('later'), { run_at: runAt });
    const done = await json<JobView & { settled_at: number }>(call(holdfast, `/v1/jobs/${job.id}?wait=20`));
    expect(done.status).toBe('succeeded');
    expect(done.settled_at).toBeGreaterThanOrEqual(runAt);
  });

  it('is a 404 to nobody known', async () => {
    expect((await call(holdfast, '/v1/jobs/job_00000000000000000000000000000000')).status).toBe(404);
  });
});

describe('an idempotency key', () => {
  it('gives fifty callers at once one provider call and one answer', async () => {
    await clearLedger(holdfast.simUrl);
    const headers = { 'idempotency-key': 'fifty' };
    const body = chat('the same question');
    const answers = await Promise.all(Array.from({ length: 50 }, () =>
      call(holdfast, '/v1/chat/completions', { body, headers })));
    expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 50 }, () => 200));
    const texts = new Set(await Promise.all(answers.map((answer) => answer.text())));
    expect(texts.size).toBe(1);
    expect((await ledger(holdfast.simUrl)).length).toBe(1);
    expect(answers.filter((answer) => answer.headers.get('idempotent-replayed') === 'true').length).toBe(49);
  });

  it('with another body is refused', async () => {
    const headers = { 'idempotency-key': 'one-body' };
    expect((await call(holdfast, '/v1/chat/completions', { body: chat('a'), headers })).status).toBe(200);
    expect((await call(holdfast, '/v1/chat/completions', { body: chat('b'), headers })).status).toBe(422);
  });
});

describe('a stream', () => {
  it('can be taken up again with Last-Event-ID, without a gap or a repetition', async () => {
    await setScript(holdfast.simUrl, 'sim-openai', { defaults: { tokensPerS: 40 } });
    const job = await submit(holdfast, { ...chat('long'), model: 'sim-openai/sim-large', stream: true, max_tokens: 60 });
    const abort = new AbortController();
    const first = await call(holdfast, `/v1/jobs/${job.id}/stream`, { signal: abort.signal });
    const events = await readEvents(first, 10);
    abort.abort();
    expect(events.length).toBe(10);
    const last = events.at(-1)!.id;
    const rest = await readEvents(await call(holdfast, `/v1/jobs/${job.id}/stream`, {
      headers: { 'last-event-id': last },
    }));
    // The stream ends a moment before the router has read its job's end in the log.
    await json<JobView>(call(holdfast, `/v1/jobs/${job.id}?wait=20`));
    const result = await json<{ choices: { message: { content: string } }[] }>(
      call(holdfast, `/v1/jobs/${job.id}/result`),
    );
    expect(textOf([...events, ...rest])).toBe(result.choices[0]!.message.content);
    await setScript(holdfast.simUrl, 'sim-openai', {});
  });
});

describe('webhooks', () => {
  it('are signed as Standard Webhooks says, and carry the result', async () => {
    const { id, secret } = await endpoint(receiver.url);
    const job = await submit(holdfast, chat('call me'), { webhook: { endpoint_id: id } });
    const got = await eventually('webhook', async () =>
      receiver.received.find((one) => one.body.includes(job.id)));
    const payload = new Webhook(secret).verify(got.body, got.headers) as { type: string; data: { id: string; result: unknown } };
    expect(payload.type).toBe('job.succeeded');
    expect(payload.data.id).toBe(job.id);
    expect(payload.data.result).toBeTruthy();
  });

  it('to a dead receiver delay no other', async () => {
    const [slow, fast] = [await endpoint(dead.url), await endpoint(`${receiver.url}/fast`)];
    for (let index = 0; index < 20; index += 1) {
      await submit(holdfast, chat(`dead ${index}`), { webhook: { endpoint_id: slow.id } });
    }
    const started = Date.now();
    const job = await submit(holdfast, chat('alive'), { webhook: { endpoint_id: fast.id } });
    await eventually('webhook', async () => receiver.received.some((one) => one.body.includes(job.id)));
    expect(Date.now() - started).toBeLessThan(8_000);
  }, 60_000);

  it('are retried under one webhook-id', async () => {
    const flaky = await startReceiver();
    try {
      flaky.setStatus(500);
      const { id } = await endpoint(flaky.url);
      await submit(holdfast, chat('retry me'), { webhook: { endpoint_id: id } });
      await eventually('first try', async () => flaky.received.length > 0);
      flaky.setStatus(200);
      await eventually('second try', async () => flaky.received.length > 1);
      expect(new Set(flaky.received.map((one) => one.headers['webhook-id'])).size).toBe(1);
    } finally {
      await flaky.close();
    }
  }, 90_000);
});

describe('every job here', () => {
  it('ends', async () => {
    const page = await json<{ data: JobView[] }>(call(holdfast, '/v1/jobs?limit=100'));
    for (const job of page.data) {
      const done = await json<JobView>(call(holdfast, `/v1/jobs/${job.id}?wait=20`));
      expect(settled(done)).toBe(true);
    }
  }, 120_000);
});
