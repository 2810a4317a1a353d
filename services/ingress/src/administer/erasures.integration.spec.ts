// Erasures over real HTTP: what is erased, what is not, and what a crash in the middle changes.
import { afterEach, describe, expect, it } from '@jest/globals';
import { nameOfKey } from '@libs/content-keys/key-record';
import { stamp } from '@libs/events/envelope';
import { subjects } from '@libs/events/subjects';
import { Fault } from '@libs/faults/faults';
import { waitFor } from '@libs/test-kit/wait-for';
import { newErasureId, newEventId } from '@libs/telemetry/ids';
import { answerBody } from '../scripted-system';
import { chat, get, post, type SpecIngress, specAdminToken, startForSpecs } from '../start-for-specs';

let spec: SpecIngress;
afterEach(async () => {
  await spec.stop();
});

async function erase(body: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${spec.url}/admin/v1/erasures`, {
    method: 'POST', body: JSON.stringify(body),
    headers: { authorization: `Bearer ${specAdminToken}`, 'content-type': 'application/json' },
  });
  return { status: response.status, body: await response.json() as Record<string, unknown> };
}

/** Asks for a completion; the id of its job. */
async function ask(headers: Record<string, string> = {}, body: object = {}): Promise<string> {
  const response = await post(spec, '/v1/chat/completions', { ...chat, ...body }, headers);
  expect(response.status).toBe(200);
  return response.headers.get('holdfast-job-id') ?? '';
}

const result = (job: string): Promise<Response> => get(spec, `/v1/jobs/${job}/result`);
const ada = { 'holdfast-subject': 'ada@example.org' };

describe('an erasure', () => {
  it('makes the results of its data subject a 410, and leaves all others', async () => {
    spec = await startForSpecs();
    const [hers, his, nobodys] = [await ask(ada), await ask({}, { user: 'bob' }), await ask()];
    expect(await (await result(hers)).text()).toBe(answerBody);
    const erased = await erase({ subject: 'ada@example.org', reason: 'asked for' });
    expect(erased).toMatchObject({ status: 200, body: { status: 'erased', keys: [expect.any(String)] } });
    const gone = await result(hers);
    expect([gone.status, await gone.json()]).toMatchObject([410, { error: { code: 'content_erased' } }]);
    expect((await get(spec, `/v1/jobs/${hers}/stream`)).status).toBe(410);
    expect((await get(spec, `/v1/jobs/${hers}`)).status).toBe(200);
    for (const job of [his, nobodys]) expect(await (await result(job)).text()).toBe(answerBody);
  });

  it('is two events that name nobody, between them the key goes', async () => {
    spec = await startForSpecs();
    await ask(ada);
    const { body } = await erase({ subject: 'ada@example.org', reason: 'asked for' });
    const [asked] = spec.log.eventsOf('ErasureRequested');
    const [done] = spec.log.eventsOf('SubjectErased');
    const [submitted] = spec.log.eventsOf('JobSubmitted');
    expect(asked!.data.keys).toEqual([submitted!.data.body.key_id]);
    expect(done).toMatchObject({ subject: body.id, data: { ...asked!.data, actor: 'admin' } });
    expect(submitted!.data.data_subject).toBe(nameOfKey(asked!.data.keys[0]!));
    expect(await spec.keys.get(submitted!.data.data_subject!)).toBeNull();
    for (const commit of spec.log.commits) {
      expect(Buffer.from(commit.bytes).includes('ada@example.org')).toBe(false);
    }
  });

  it('is not the end: the subject asks again under a new key', async () => {
    spec = await startForSpecs();
    await ask(ada);
    await erase({ subject: 'ada@example.org', reason: 'asked for' });
    const again = await ask(ada);
    expect((await result(again)).status).toBe(200);
    const [first, second] = spec.log.eventsOf('JobSubmitted');
    expect(first!.data.data_subject).toBe(second!.data.data_subject);
    expect(first!.data.body.key_id).not.toBe(second!.data.body.key_id);
  });

  it('that is only looked at erases nothing, and one of nobody says so', async () => {
    spec = await startForSpecs();
    const job = await ask(ada);
    const looked = await erase({ subject: 'ada@example.org', reason: 'look', dry_run: true });
    expect(looked.body).toMatchObject({ status: 'dry_run', keys: [expect.any(String)], jobs: null });
    const misspelled = await erase({ subject: 'ada@example.org', reason: 'look', dryRun: true });
    expect(misspelled).toMatchObject({ status: 400, body: { error: { message: expect.stringContaining('dryRun') } } });
    expect((await result(job)).status).toBe(200);
    expect((await erase({ subject: 'nobody', reason: 'x' })).body).toMatchObject({ status: 'erased', keys: [] });
    expect((await erase({ subject: 'ada@example.org' })).status).toBe(400);
    expect((await erase({ subject: 'ada@example.org', reason: 'x', customer: 'none' })).status).toBe(404);
    expect((await post(spec, '/admin/v1/erasures', { subject: 'ada@example.org', reason: 'x' })).status).toBe(401);
  });

  it('whose process died after asking is carried out by the next one', async () => {
    spec = await startForSpecs();
    const job = await ask(ada);
    const [submitted] = spec.log.eventsOf('JobSubmitted');
    const requested = stamp({
      type: 'ErasureRequested', subject: newErasureId(), tenant: 'default',
      data: {
        data_subject: submitted!.data.data_subject!, keys: [submitted!.data.body.key_id!], jobs: null,
        reason: 'asked for', actor: 'admin',
      },
    }, newEventId(), Date.now() - 60_000);
    const { sequence } = spec.ingress.edge.governance.state;
    await spec.log.appendFenced(subjects.governance, { events: [requested] }, sequence);
    await waitFor(() => spec.log.eventsOf('SubjectErased').length > 0, { timeoutMs: 40_000 });
    expect((await result(job)).status).toBe(410);
  });

  it('that cannot reach the keys now is kept, and carried out when it can', async () => {
    spec = await startForSpecs();
    const job = await ask(ada);
    const create = spec.keys.create.bind(spec.keys);
    spec.keys.create = () => Promise.reject(new Fault('log_unavailable', 'away'));
    expect(await erase({ subject: 'ada@example.org', reason: 'x' })).toMatchObject({
      status: 202, body: { status: 'requested' },
    });
    spec.keys.create = create;
    await waitFor(() => spec.log.eventsOf('SubjectErased').length > 0, { timeoutMs: 40_000 });
    expect((await result(job)).status).toBe(410);
  });
});

describe('a data subject', () => {
  it('is who the header names, else who the body does, else the customer', async () => {
    spec = await startForSpecs();
    await ask(ada, { user: 'bob' });
    await ask({}, { user: 'ada@example.org' });
    await ask({}, { user: 'bob', safety_identifier: 'ada@example.org' });
    await ask({}, { metadata: { user_id: 'ada@example.org' } });
    await ask({}, { user: 'bob' });
    await ask();
    const names = spec.log.eventsOf('JobSubmitted').map(({ data }) => data.data_subject);
    expect(new Set(names.slice(0, 4)).size).toBe(1);
    expect(new Set(names).size).toBe(3);
  });

  it('has an idempotency key of its own worth: the same request replays, another subject does not', async () => {
    spec = await startForSpecs();
    const keyed = { ...ada, 'idempotency-key': 'k' };
    const first = await ask(keyed);
    const again = await post(spec, '/v1/chat/completions', chat, keyed);
    expect([again.headers.get('holdfast-job-id'), again.headers.get('idempotent-replayed')])
      .toEqual([first, 'true']);
    await erase({ subject: 'ada@example.org', reason: 'x' });
    expect((await post(spec, '/v1/chat/completions', chat, keyed)).status).toBe(422);
  });

  it('is nobody where encryption is off: content stands in the log as it came', async () => {
    spec = await startForSpecs();
    await spec.ingress.edge.governance.change(() => [{
      type: 'SettingsChanged', subject: 'content', tenant: 'system',
      data: { webhooks_allow_private: false, content_encryption: 'off', origin: 'api' },
    }]);
    const job = await ask(ada);
    expect((await result(job)).status).toBe(200);
    const [submitted] = spec.log.eventsOf('JobSubmitted');
    expect([submitted!.data.data_subject, submitted!.data.body.key_id]).toEqual([undefined, undefined]);
  });
});
