// What is kept of content, by policy, over real HTTP; and the sweep that destroys keys, with crashes.
import { afterEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { InMemoryKeyStore } from '@libs/content-keys/in-memory-key-store';
import { sweepEntry } from '@libs/content-keys/key-record';
import { keysForSpecs } from '@libs/content-keys/keys-for-specs';
import { timedName, timeOfKey } from '@libs/content-keys/timed-name';
import { type ContentRules } from '@libs/events/content-rules';
import { Fault } from '@libs/faults/faults';
import { sha256Hex } from '@libs/log/content';
import { InMemoryLog } from '@libs/log/in-memory-log';
import { waitFor } from '@libs/test-kit/wait-for';
import { answerBody } from '../scripted-system';
import { chat, get, post, type SpecIngress, specAdminToken, startForSpecs } from '../start-for-specs';
import { ContentSweeper } from './content-sweeper';
import { readContent, readOriginal } from './read-content';

let spec: SpecIngress | null = null;
afterEach(async () => {
  await spec?.stop();
  spec = null;
});

/** With everything that takes minutes and days taking 600 ms. */
async function start(content: ContentRules, tempoMs = 600): Promise<SpecIngress> {
  const started = await startForSpecs({ HOLDFAST_CONTENT_TEMPO_MS: String(tempoMs) });
  spec = started;
  await started.ingress.edge.governance.change(() => [{
    type: 'SettingsChanged', subject: 'content', tenant: 'system',
    data: { webhooks_allow_private: false, content, origin: 'api' },
  }]);
  return started;
}

const short = { 'holdfast-deadline': '1' };
const result = (at: SpecIngress, job: string): Promise<Response> => get(at, `/v1/jobs/${job}/result`);

async function ask(
  at: SpecIngress, headers: Record<string, string> = {}, text = 'I am ada@example.org',
): Promise<Response> {
  const body = { ...chat, messages: [{ role: 'user', content: text }] };
  return post(at, '/v1/chat/completions', body, { ...short, ...headers });
}

const jobOf = (answer: Response): string => answer.headers.get('holdfast-job-id') ?? '';

async function untilSwept(at: SpecIngress): Promise<void> {
  await waitFor(() => at.log.eventsOf('ContentKeysDestroyed').length > 0, { timeoutMs: 30_000 });
}

describe('content by policy', () => {
  it.each(['none', 'hash'] as const)('%s: is answered, read for a while, then a 410 that names the policy', async (policy) => {
    const at = await start({ policy });
    const keyed = { 'idempotency-key': 'k' };
    const answer = await ask(at, keyed);
    expect([answer.status, await answer.text()]).toEqual([200, answerBody]);
    expect((await result(at, jobOf(answer))).status).toBe(200);
    await untilSwept(at);
    expect(await at.keys.timedNames()).toEqual([]);
    const gone = await result(at, jobOf(answer));
    const { error } = await gone.json() as { error: { code: string; message: string } };
    expect([gone.status, error.code]).toEqual([410, 'content_not_kept']);
    expect(error.message).toContain(`content.policy: ${policy}`);
    // The same request again is known, and what it was answered is not there.
    const again = await ask(at, keyed);
    expect([again.status, again.headers.get('holdfast-job-id')]).toEqual([410, jobOf(answer)]);
    expect((await get(at, `/v1/jobs/${jobOf(answer)}`)).status).toBe(200);
    const [submitted] = at.log.eventsOf('JobSubmitted');
    const body = JSON.stringify({ ...chat, messages: [{ role: 'user', content: 'I am ada@example.org' }] });
    expect(submitted!.data.body.plain_sha256).toBe(policy === 'hash' ? sha256Hex(body) : undefined);
  }, 60_000);

  it('redacted: the copy stays under the key of the subject, the original goes', async () => {
    const at = await start({ policy: 'redacted' });
    await ask(at);
    const [submitted] = at.log.eventsOf('JobSubmitted');
    const { body, data_subject: name } = submitted!.data;
    expect([timeOfKey(body.key_id!)?.kind, timeOfKey(body.redacted!.key_id!)]).toEqual(['redacted', null]);
    await untilSwept(at);
    const { edge } = at.ingress;
    const [commit] = at.log.commits.filter(({ events }) => events.some((event) => event.type === 'JobSubmitted'));
    expect(await readContent(edge.contentSources, commit!, body)).toContain('I am [email]');
    await expect(readOriginal(edge.contentSources, commit!, body)).rejects.toMatchObject({ code: 'content_not_kept' });
    expect(await at.keys.namesUnder(name!)).toEqual([name]);
  }, 60_000);

  it('keep_days: everything can be read, until the days are over', async () => {
    const at = await start({ keep_days: 2 }, 1_500);
    const job = jobOf(await ask(at));
    expect((await result(at, job)).status).toBe(200);
    await untilSwept(at);
    const gone = await result(at, job);
    expect([gone.status, await gone.text()]).toEqual([410, expect.stringContaining('content.keep_days')]);
    expect(at.log.eventsOf('ContentKeysDestroyed')[0]!.data.by_kind).toEqual({ kept: 1 });
  }, 60_000);

  it('holds with encryption off: what is to be destroyed has to be sealed', async () => {
    const at = await start({ policy: 'none' });
    await at.ingress.edge.governance.change(() => [{
      type: 'SettingsChanged', subject: 'content', tenant: 'system',
      data: { webhooks_allow_private: false, content_encryption: 'off', content: { policy: 'none' }, origin: 'api' },
    }]);
    await ask(at);
    for (const { bytes } of at.log.commits) expect(Buffer.from(bytes).includes('ada@example.org')).toBe(false);
  });

  it('is said for a customer over the admin API, stays when another field is changed, and is checked', async () => {
    const at = await start({}, 60_000);
    const admin = async (method: string, where: string, body: object): Promise<[number, Record<string, unknown>]> => {
      const answer = await fetch(`${at.url}/admin/v1/${where}`, {
        method, body: JSON.stringify(body),
        headers: { authorization: `Bearer ${specAdminToken}`, 'content-type': 'application/json' },
      });
      return [answer.status, await answer.json() as Record<string, unknown>];
    };
    const content = { policy: 'none', keep_days: 3 };
    expect((await admin('POST', 'customers', { id: 'acme', content }))[0]).toBe(201);
    expect((await admin('PATCH', 'customers/acme', { weight: 2 }))[0]).toBe(200);
    expect(at.ingress.edge.governance.state.customers.get('acme')).toMatchObject({ weight: 2, content });
    const [status, wrong] = await admin('POST', 'customers', { id: 'beta', content: { policy: 'some' } });
    expect([status, JSON.stringify(wrong)]).toEqual([400, expect.stringContaining('policy')]);
  });

  it('an erasure destroys the keys of all kinds and periods', async () => {
    const at = await start({ policy: 'redacted', keep_days: 30 }, 60_000);
    const about = { 'holdfast-subject': 'ada', 'idempotency-key': 'k' };
    const job = jobOf(await ask(at, about));
    const answer = await fetch(`${at.url}/admin/v1/erasures`, {
      method: 'POST', body: JSON.stringify({ subject: 'ada', reason: 'asked for' }),
      headers: { authorization: `Bearer ${specAdminToken}`, 'content-type': 'application/json' },
    });
    const { keys } = await answer.json() as { keys: string[] };
    expect(keys.map((id) => timeOfKey(id)?.kind ?? 'standing').toSorted()).toEqual(['kept', 'redacted', 'standing']);
    expect(await at.keys.timedNames()).toEqual([]);
    const gone = await result(at, job);
    expect([gone.status, await gone.text()]).toEqual([410, expect.stringContaining('content_erased')]);
  });
});

describe('secrets', () => {
  const secret = `sk-proj-${'aB3dE6gH9j'.repeat(4)}`;

  it('are masked before the log where the policy says so, and the answer says how many', async () => {
    const at = await start({ mask_secrets: true });
    const answer = await ask(at, {}, `two: ${secret} ${secret}`);
    expect([answer.status, answer.headers.get('holdfast-masked')]).toEqual([200, '2']);
    const left = await post(at, '/v1/jobs', {
      endpoint: '/v1/chat/completions', body: { ...chat, user: secret },
    });
    expect([left.status, left.headers.get('holdfast-masked')]).toEqual([202, '1']);
    for (const submitted of at.log.eventsOf('JobSubmitted')) {
      const [commit] = at.log.commits.filter(({ events }) => events.includes(submitted));
      const text = await readOriginal(at.ingress.edge.contentSources, commit!, submitted.data.body);
      expect([text.includes(secret), text.includes('[secret]')]).toEqual([false, true]);
    }
    expect((await ask(at, {}, 'none')).headers.get('holdfast-masked')).toBeNull();
  });

  it('stay where nothing is said', async () => {
    const at = await start({ policy: 'redacted' });
    expect((await ask(at, {}, secret)).headers.get('holdfast-masked')).toBeNull();
  });
});

describe('a sweep', () => {
  const nowMs = 1_000_000;
  async function scene(): Promise<{ store: InMemoryKeyStore; log: InMemoryLog; sweeper: (clockMs?: number) => ContentSweeper }> {
    const [store, log] = [new InMemoryKeyStore(), new InMemoryLog()];
    const keys = keysForSpecs(store, { now: () => 0 });
    for (const untilMs of [100_000, 200_000, 900_000, 999_000, 2_000_000]) {
      await keys.keyOf(timedName('s', { kind: 'none', untilMs }));
    }
    await keys.keyOf(timedName('s', { kind: 'kept', untilMs: 100_000 }));
    await keys.keyOf('s');
    const sweeper = (clockMs = nowMs): ContentSweeper => new ContentSweeper({
      store, log, keys, logger: pino({ level: 'silent' }), now: () => clockMs, skewMs: 60_000,
    });
    return { store, log, sweeper };
  }
  const left = ['s', 's.none-2000', 's.none-999'];

  it('destroys what is past by a minute, and tells it once', async () => {
    const { store, log, sweeper } = await scene();
    expect(await sweeper().sweep()).toBe(4);
    expect((await store.namesUnder('s')).toSorted()).toEqual(left);
    expect(await sweeper().sweep()).toBe(0);
    expect(log.eventsOf('ContentKeysDestroyed').map(({ data }) => data)).toEqual([
      { through_ms: 940_000, keys: 4, by_kind: { none: 3, kept: 1 } },
    ]);
    expect(await store.get(sweepEntry)).toBeNull();
  });

  it('whose process dies after any of its steps is carried out by the next one, counted once', async () => {
    for (let steps = 0; ; steps += 1) {
      const { store, log, sweeper } = await scene();
      const destroy = store.destroy.bind(store);
      let done = 0;
      store.destroy = async (name, isMeant) => {
        if (done === steps) throw new Fault('log_unavailable', 'the process is gone');
        done += 1;
        await destroy(name, isMeant);
      };
      const died = await sweeper().sweep().then(() => false, () => true);
      store.destroy = destroy;
      if (!died) break;
      // Nobody knows yet that it is dead.
      expect(await sweeper(nowMs + 1_000).sweep()).toBe(0);
      expect(await sweeper(nowMs + 400_000).sweep()).toBe(4);
      const told = log.eventsOf('ContentKeysDestroyed').map(({ data }) => data.keys);
      // Between the fact and the end of the sweep: told twice, the same.
      expect(told).toEqual(steps === 4 ? [4, 4] : [4]);
      expect((await store.namesUnder('s')).toSorted()).toEqual(left);
    }
  });

  it('is one process\'s at a time', async () => {
    const { log, sweeper } = await scene();
    const swept = await Promise.all([sweeper().sweep(), sweeper().sweep(), sweeper().sweep()]);
    expect(swept.toSorted()).toEqual([0, 0, 4]);
    expect(log.eventsOf('ContentKeysDestroyed')).toHaveLength(1);
  });

  it('that cannot tell the log does not end: it is told later', async () => {
    const { log, sweeper } = await scene();
    const append = log.append.bind(log);
    log.append = () => Promise.reject(new Fault('log_unavailable', 'away'));
    await expect(sweeper().sweep()).rejects.toMatchObject({ code: 'log_unavailable' });
    log.append = append;
    expect(await sweeper(nowMs + 400_000).sweep()).toBe(4);
    expect(log.eventsOf('ContentKeysDestroyed')[0]!.data.keys).toBe(4);
  });
});
