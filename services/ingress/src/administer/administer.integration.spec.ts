// Administration over real HTTP.
import { afterEach, describe, expect, it } from '@jest/globals';
import { emptyConfig } from '@libs/governance/desired-config';
import { parseConfig } from '@libs/settings/parse-config';
import { chat, get, post, type SpecIngress, specAdminToken, startForSpecs } from '../start-for-specs';

let spec: SpecIngress;
afterEach(async () => {
  await spec.stop();
});

const admin = { authorization: `Bearer ${specAdminToken}` };

function send(method: string, path: string, body?: unknown): Promise<Response> {
  return fetch(`${spec.url}/admin/v1/${path}`, {
    method, headers: { ...admin, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

describe('administration', () => {
  it('takes the admin token only', async () => {
    spec = await startForSpecs();
    expect((await get(spec, '/admin/v1/config')).status).toBe(401);
    expect((await get(spec, '/admin/v1/config', admin)).status).toBe(200);
  });

  it('makes keys whose value is shown once, and revokes them', async () => {
    spec = await startForSpecs();
    const made = await (await send('POST', 'keys', { name: 'one', models: ['small*'] })).json() as
      { id: string; value: string };
    const headers = { authorization: `Bearer ${made.value}` };
    expect((await post(spec, '/v1/chat/completions', chat, headers)).status).toBe(200);
    const other = await post(spec, '/v1/chat/completions', { ...chat, model: 'big' }, headers);
    expect(other.status).toBe(403);
    const shown = await (await send('GET', `keys/${made.id}`)).text();
    expect(shown).not.toContain(made.value);
    expect((await send('DELETE', `keys/${made.id}`)).status).toBe(200);
    expect((await post(spec, '/v1/chat/completions', chat, headers)).status).toBe(401);
    const last = await spec.log.lastOf('events.governance');
    expect(last!.events).toMatchObject([{ type: 'AdminActed', data: { act: 'KeyRevoked' } }, { type: 'KeyRevoked' }]);
  });

  it('bounds customers, teams and keys, and a key that exists keeps its value', async () => {
    spec = await startForSpecs();
    const budgets = [{ limit_usd: '12.5', window: 'month', calendar: true }];
    expect((await send('POST', 'customers', { id: 'acme', budgets })).status).toBe(201);
    expect((await send('POST', 'teams', { id: 'search', customer: 'acme', max_concurrent: 3 })).status).toBe(201);
    const key = await (await send('POST', 'keys', { id: 'k1', team: 'search' })).json() as { value: string };
    const set = await send('PUT', 'limits/key/k1', { rate_limits: [{ requests: 600, window: 'minute' }] });
    expect(await set.json()).toMatchObject({ level: 'key', id: 'k1', customer: 'acme', rate_limits: [{ requests: 600 }] });
    expect(await (await send('GET', 'customers/acme')).json())
      .toMatchObject({ budgets: [{ limit_usd: '12.5', window: 'month', calendar: true }] });
    const headers = { authorization: `Bearer ${key.value}` };
    expect((await post(spec, '/v1/chat/completions', chat, headers)).status).toBe(200);
    // Not named: what bounds it stays.
    expect(await (await send('PUT', 'customers/acme', { name: 'Acme' })).json()).toMatchObject({ budgets: [{}] });
    expect((await send('DELETE', 'limits/key/k1')).status).toBe(200);
    expect((await send('GET', 'limits/key/k1')).status).toBe(404);
  });

  it('says what is wrong with a limit, and whose it should be', async () => {
    spec = await startForSpecs();
    const told = async (path: string, body: object): Promise<string> => {
      const answer = await send('PUT', path, body);
      expect(answer.status).toBe(400);
      return (await answer.json() as { error: { message: string } }).error.message;
    };
    expect(await told('limits/team/none', { max_concurrent: 1 })).toBe('There is no team "none".');
    expect(await told('limits/customer/default', { budgets: [{ limit_usd: -1, window: 'day' }] }))
      .toContain('budgets.0.limit_usd: write an amount in USD that is not negative');
    expect(await told('customers/default', { budgets: [{ limit_usd: 1, window: 'fortnight' }] }))
      .toContain('budgets.0.window');
    expect(await told('limits/customer/default', { budgets: [{ limit_usd: 1, window: 'day', currency: 'EUR' }] }))
      .toContain('currency');
  });

  it('takes providers and routes in the shape of holdfast.yaml', async () => {
    spec = await startForSpecs();
    const provider = await send('POST', 'providers', {
      id: 'sim', type: 'openai', base_url: 'http://127.0.0.1:9/v1', api_key: 'env:SIM_KEY',
      models: ['small'],
    });
    expect(provider.status).toBe(201);
    const route = await send('PUT', 'routes/chat/best', {
      targets: [{ provider: 'sim', model: 'small' }],
    });
    expect(route.status).toBe(200);
    const models = await (await get(spec, '/v1/models')).json() as { data: { id: string }[] };
    expect(models.data.map(({ id }) => id)).toEqual(expect.arrayContaining(['chat/best', 'small']));
    expect((await get(spec, '/v1/models/chat/best')).status).toBe(200);
    const literal = await send('POST', 'providers', { id: 'b', type: 'openai', api_key: 'sk-abc' });
    expect(literal.status).toBe(400);
    expect(await (await send('GET', 'rate_limits')).text()).toContain('limits/customer/<id>');
  });

  it('applies a configuration as events, once', async () => {
    spec = await startForSpecs();
    const parsed = parseConfig(
      'providers:\n  - { id: sim, type: openai, base_url: "http://127.0.0.1:9/v1", api_key: "env:K" }\n',
      { environment: { K: 'x' } },
    );
    const config = parsed.ok ? parsed.config : emptyConfig;
    const dry = await (await send('PUT', 'config?dry_run=true', config)).json();
    expect(dry).toMatchObject({ dry_run: true });
    expect(spec.ingress.edge.governance.state.providers.size).toBe(0);
    const first = await (await send('PUT', 'config', config)).json() as { changes: unknown[] };
    expect(first.changes.length).toBeGreaterThan(0);
    const second = await (await send('PUT', 'config', config)).json() as { changes: unknown[] };
    expect(second.changes).toEqual([]);
    expect((await send('DELETE', 'providers/sim')).status).toBe(409);
  });

  it('takes many changes at the same time, one after the other', async () => {
    spec = await startForSpecs();
    const append = spec.log.appendFenced.bind(spec.log);
    // As a log does that syncs to a disk.
    spec.log.appendFenced = async (...commit) => {
      await new Promise((resolve) => setTimeout(resolve, 2));
      return append(...commit);
    };
    const answers = await Promise.all(Array.from({ length: 40 }, (_, index) => send('POST', 'customers', { id: `c${index}` })));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
  });

  it('passes questions about the log as evidence on to audit', async () => {
    spec = await startForSpecs();
    expect((await get(spec, '/audit/v1/checkpoint')).status).toBe(401);
    const asked: unknown[] = [];
    const answers: object[] = [
      { object: 'checkpoint' }, { refused: 'not_signed_yet', message: 'Later.' }, { error: 'postgres' },
    ];
    spec.signals.subscribe('ask.audit', (text, _subject, respond) => {
      asked.push(JSON.parse(text));
      respond?.(JSON.stringify(answers[asked.length - 1]));
    });
    const statuses = [];
    for (const path of ['checkpoint', 'proofs/inclusion?seq=7&line=2', 'proofs/consistency?from=3']) {
      statuses.push((await get(spec, `/audit/v1/${path}`, admin)).status);
    }
    expect(statuses).toEqual([200, 404, 503]);
    expect(asked).toEqual([
      { op: 'checkpoint' }, { op: 'inclusion', sequence: 7, line: 2 },
      { op: 'consistency', from: 3, to: null },
    ]);
    expect((await get(spec, '/audit/v1/proofs/inclusion?seq=none', admin)).status).toBe(400);
  });

  it('passes questions about the past on to audit, and says when to come again', async () => {
    spec = await startForSpecs();
    expect((await get(spec, '/audit/v1/state?at=1&projection=jobs')).status).toBe(401);
    const asked: unknown[] = [];
    const answers: object[] = [
      { object: 'state', data: [] }, { pending: { doing: 'folding', at_sequence: 3, to_sequence: 9 } },
      { refused: 'not_archived', message: 'Gone.' }, { refused: 'busy', message: 'Later.' }, { error: 'postgres' },
    ];
    spec.signals.subscribe('ask.audit', (text, _subject, respond) => {
      asked.push(JSON.parse(text));
      respond?.(JSON.stringify(answers[asked.length - 1]));
    });
    const ask = (query: string): Promise<Response> => get(spec, `/audit/v1/state?${query}`, admin);
    const given: unknown[] = [];
    for (const at of ['7', '2026-11-26T10:00:00Z', '2026-11-26T12:00:00%2B02:00', '9', '9']) {
      const answer = await ask(`at=${at}&projection=jobs&tenant=acme&limit=5&after=job_1&from=beginning`);
      given.push([answer.status, answer.headers.get('retry-after')]);
    }
    expect(given).toEqual([[200, null], [202, '1'], [410, null], [503, '2'], [503, '2']]);
    const order = {
      op: 'state', projection: 'jobs', tenant: 'acme', subject: null, limit: 5, after: 'job_1', from_beginning: true,
    };
    const ten = { timeMs: Date.UTC(2026, 10, 26, 10) };
    expect(asked.slice(0, 3)).toEqual([
      { ...order, at: { sequence: 7 } }, { ...order, at: ten }, { ...order, at: ten },
    ]);
    for (const wrong of [
      'projection=jobs', 'at=yesterday&projection=jobs', 'at=2026-11-26T10:00&projection=jobs',
      'at=7', 'at=7&projection=money', 'at=7&projection=jobs&limit=0', 'at=7&projection=jobs&from=nothing',
    ]) expect([wrong, (await ask(wrong)).status]).toEqual([wrong, 400]);
    expect(asked).toHaveLength(5);
  });

  it('shows health and queue', async () => {
    spec = await startForSpecs();
    expect((await send('GET', 'health')).status).toBe(200);
    expect(await (await send('GET', 'queue')).json()).toMatchObject({ waiting_here: 0 });
  });
});
