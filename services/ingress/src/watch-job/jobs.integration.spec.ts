// Jobs that are left behind: submit, look, wait, cancel; over real HTTP with a scripted system.
import { afterEach, describe, expect, it } from '@jest/globals';
import { answerBody } from '../scripted-system';
import { NoArchive } from '../shared/job-archive';
import {
  chat, get, post, type SpecIngress, specAdminToken, startForSpecs,
} from '../start-for-specs';

let spec: SpecIngress;
afterEach(async () => {
  await spec.stop();
});

/** There, and behind: it has not archived anything yet. */
class EmptyArchive extends NoArchive {
  override find(): Promise<null> {
    return Promise.resolve(null);
  }
}

interface Job { id: string; status: string; webhook: unknown; metadata: unknown }
const order = { endpoint: '/v1/chat/completions', body: chat };

describe('a job', () => {
  it('is accepted with 202 and its address, and found at once', async () => {
    spec = await startForSpecs();
    spec.system.script = () => undefined;
    const response = await post(spec, '/v1/jobs', { ...order, metadata: { a: 'b' }, priority: 'batch' });
    expect(response.status).toBe(202);
    const job = await response.json() as Job;
    expect(job).toMatchObject({ object: 'job', status: 'queued', metadata: { a: 'b' } });
    expect(response.headers.get('location')).toBe(`/v1/jobs/${job.id}`);
    const found = await get(spec, `/v1/jobs/${job.id}`);
    expect(await found.json()).toMatchObject({ id: job.id, status: 'queued' });
    const result = await get(spec, `/v1/jobs/${job.id}/result`);
    expect(result.status).toBe(202);
  });

  it('can be waited for', async () => {
    spec = await startForSpecs();
    spec.system.script = async (submitted) => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      await spec.system.succeed(submitted, answerBody);
    };
    const { id } = await (await post(spec, '/v1/jobs', order)).json() as Job;
    const waited = await get(spec, `/v1/jobs/${id}?wait=5`);
    expect(await waited.json()).toMatchObject({ status: 'succeeded', cost_usd: '0.000123' });
    const result = await get(spec, `/v1/jobs/${id}/result`);
    expect(await result.text()).toBe(answerBody);
    const preferred = await post(spec, '/v1/chat/completions', chat, { prefer: 'wait=5' });
    expect(preferred.status).toBe(200);
    expect(await preferred.text()).toBe(answerBody);
  });

  it('is a 202 when the preferred wait is over', async () => {
    spec = await startForSpecs();
    spec.system.script = () => undefined;
    const response = await post(spec, '/v1/chat/completions', chat, { prefer: 'wait=1' });
    expect(response.status).toBe(202);
    expect(spec.ingress.edge.waiters.size).toBe(0);
  });

  it('is canceled by its client', async () => {
    spec = await startForSpecs();
    spec.system.script = () => undefined;
    const { id } = await (await post(spec, '/v1/jobs', order)).json() as Job;
    const canceling = post(spec, `/v1/jobs/${id}/cancel`, '');
    await new Promise((resolve) => setTimeout(resolve, 100));
    await spec.system.append('routed', [{
      type: 'JobCanceled', subject: id, tenant: 'default',
      data: { by: 'client', routing: null, attempts: [] },
    }]);
    const canceled = await canceling;
    expect(canceled.status).toBe(200);
    expect(await canceled.json()).toMatchObject({ status: 'canceled' });
    const again = await post(spec, `/v1/jobs/${id}/cancel`, '');
    expect(await again.json()).toMatchObject({ status: 'canceled' });
    expect((await get(spec, `/v1/jobs/${id}/result`)).status).toBe(409);
  });

  it('is a 404 to keys that may not see it', async () => {
    spec = await startForSpecs();
    spec.system.script = () => undefined;
    const admin = { authorization: `Bearer ${specAdminToken}` };
    await post(spec, '/admin/v1/customers', { id: 'acme' }, admin);
    const made = await post(spec, '/admin/v1/keys', { customer: 'acme' }, admin);
    const { value } = await made.json() as { value: string };
    const { id } = await (await post(spec, '/v1/jobs', order)).json() as Job;
    const other = await get(spec, `/v1/jobs/${id}`, { authorization: `Bearer ${value}` });
    expect([404, 503]).toContain(other.status);
  });

  it('just accepted is not denied while nobody owns its partition: 503, and found afterwards', async () => {
    spec = await startForSpecs({}, { archive: new EmptyArchive() });
    spec.system.script = () => undefined;
    spec.system.isRouterAway = true;
    const accepted = await post(spec, '/v1/jobs', order);
    expect(accepted.status).toBe(202);
    const { id } = await accepted.json() as Job;
    for (const path of ['', '/result', '/stream']) {
      const response = await get(spec, `/v1/jobs/${id}${path}`);
      expect([path, response.status]).toEqual([path, 503]);
      expect(response.headers.get('retry-after')).toMatch(/^\d+$/);
    }
    spec.system.isRouterAway = false;
    expect((await get(spec, `/v1/jobs/${id}`)).status).toBe(200);
    expect((await get(spec, '/v1/jobs/job_00000000000000000000000000000000')).status).toBe(404);
  });

  it('is refused with the field that is wrong', async () => {
    spec = await startForSpecs();
    const wrong = await post(spec, '/v1/jobs', { endpoint: '/v1/nothing', body: chat });
    expect(wrong.status).toBe(400);
    const late = await post(spec, '/v1/jobs', { ...order, deadline_s: 0 });
    expect(await late.json()).toMatchObject({ error: { param: 'deadline_s' } });
  });

  it('says 503 for lists while there is no archive', async () => {
    spec = await startForSpecs();
    expect((await get(spec, '/v1/jobs')).status).toBe(503);
  });
});

describe('a webhook endpoint', () => {
  it('is refused for private addresses unless they are allowed', async () => {
    spec = await startForSpecs();
    for (const url of ['http://example.com', 'https://127.0.0.1/x', 'https://[::1]/', 'https://10.0.0.8/']) {
      const response = await post(spec, '/v1/webhook_endpoints', { url });
      expect(response.status).toBe(400);
    }
    const job = await post(spec, '/v1/chat/completions', chat, {
      'holdfast-webhook': 'https://169.254.169.254/latest', prefer: 'respond-async',
    });
    expect(job.status).toBe(400);
  });

  it('is made with a secret, rotated, changed and removed', async () => {
    spec = await startForSpecs();
    const made = await post(spec, '/v1/webhook_endpoints', { url: 'https://203.0.114.1/hook' });
    expect(made.status).toBe(201);
    const { id, secret } = await made.json() as { id: string; secret: string };
    expect(secret).toMatch(/^whsec_/);
    const rotated = await post(spec, `/v1/webhook_endpoints/${id}/rotate`, '');
    const again = await rotated.json() as { secret: string; generation: number };
    expect(again.generation).toBe(2);
    expect(again.secret).not.toBe(secret);
    const job = await post(spec, '/v1/jobs', { ...order, webhook: { endpoint_id: id } });
    expect(await job.json()).toMatchObject({ webhook: { endpoint_id: id, status: 'pending' } });
    const removed = await fetch(`${spec.url}/v1/webhook_endpoints/${id}`, {
      method: 'DELETE', headers: { authorization: 'Bearer hf-spec-key' },
    });
    expect(removed.status).toBe(200);
    expect((await get(spec, `/v1/webhook_endpoints/${id}`)).status).toBe(404);
  });

  it('is registered once for a URL given with jobs', async () => {
    spec = await startForSpecs();
    for (let times = 0; times < 2; times += 1) {
      await post(spec, '/v1/jobs', { ...order, webhook: { url: 'https://203.0.114.1/ad-hoc' } });
    }
    const list = await (await get(spec, '/v1/webhook_endpoints')).json() as { data: unknown[] };
    expect(list.data).toMatchObject([{ ad_hoc: true, url: 'https://203.0.114.1/ad-hoc' }]);
  });
});
