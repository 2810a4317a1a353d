// States, rules and values of keys over real HTTP: what clients are told, what administrators may say.
import { afterEach, describe, expect, it } from '@jest/globals';
import { emptyConfig } from '@libs/governance/desired-config';
import { parseConfig } from '@libs/settings/parse-config';
import { chat, post, type SpecIngress, specAdminToken, startForSpecs } from '../start-for-specs';

let spec: SpecIngress;
afterEach(async () => {
  await spec.stop();
});

interface Told { error: { code: string; message: string; param: string | null } }
interface Key { id: string; value: string; hint: string; state: string; [field: string]: unknown }

interface Answered<T> { status: number; body: T; etag: string }
 
async function admin<T = Key>(
  method: string, path: string, body?: unknown, headers: Record<string, string> = {},
): Promise<Answered<T>> {
  const answer = await fetch(`${spec.url}/admin/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${specAdminToken}`, 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: await answer.json() as T, etag: answer.headers.get('etag') ?? '' };
}
async function refused(method: string, path: string, body?: unknown): Promise<[number, string, string]> {
  const { status, body: { error } } = await admin<Told>(method, path, body);
  return [status, error.code, error.message];
}
async function ask(key: string, more: object = {}): Promise<[number, string, string]> {
  const answer = await post(spec, '/v1/chat/completions', { ...chat, ...more }, { authorization: `Bearer ${key}` });
  const { error } = await answer.json() as Partial<Told>;
  return [answer.status, error?.code ?? '', error?.message ?? ''];
}

/** Customer acme with team search and its key k1. */
async function family(keyMore: object = {}): Promise<string> {
  await admin('POST', 'customers', { id: 'acme' });
  await admin('POST', 'teams', { id: 'search', customer: 'acme' });
  return (await admin('POST', 'keys', { id: 'k1', team: 'search', ...keyMore })).body.value;
}

describe('a key', () => {
  it('has a checksum: mistyped, it is told from one that is not known', async () => {
    spec = await startForSpecs();
    const value = await family();
    expect(value).toMatch(/^hf_[0-9A-Za-z]{49}$/);
    expect((await ask(value))[0]).toBe(200);
    const slip = `${value.slice(0, 9)}${value[9] === 'x' ? 'y' : 'x'}${value.slice(10)}`;
    const told = [401, 'malformed_api_key', expect.stringContaining('not a well-formed API key') as unknown];
    expect(await ask(slip)).toEqual(told);
    expect(await ask(value.slice(0, -1))).toEqual(told);
    expect(await ask('hf-somebody-chose-this')).toEqual([401, 'invalid_api_key', 'This API key is not known.']);
  });

  it('that is suspended, or whose team or customer is, is told so at once, and goes on when resumed', async () => {
    spec = await startForSpecs();
    const value = await family();
    for (const [path, what] of [['customers/acme', 'Customer acme'], ['teams/search', 'Team search'], ['keys/k1', 'Key k1']]) {
      expect((await admin('POST', `${path}/suspend`, { reason: 'unpaid since March' })).body).toMatchObject({ state: 'suspended' });
      expect(await ask(value)).toEqual([403, 'suspended', `${what} is suspended: unpaid since March.`]);
      expect((await admin('GET', 'keys/k1')).body).toMatchObject({ suspended_by: { reason: 'unpaid since March' } });
      expect((await admin('POST', `${path}/resume`, {})).status).toBe(200);
      expect((await ask(value))[0]).toBe(200);
    }
    const types = spec.ingress.edge.governance.state.suspensions.size;
    expect(types).toBe(0);
  });

  it('that expired is told when; it can be extended', async () => {
    spec = await startForSpecs();
    const value = await family({ expires_at: '2099-01-31' });
    expect((await ask(value))[0]).toBe(200);
    const soon = new Date(Date.now() + 1_000).toISOString();
    expect((await admin('PATCH', 'keys/k1', { expires_at: soon })).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, Date.parse(soon) - Date.now() + 50));
    expect(await ask(value)).toEqual([401, 'expired_api_key', `This API key expired at ${soon}.`]);
    expect((await admin('GET', 'keys/k1')).body.state).toBe('expired');
    expect((await refused('POST', 'keys/k1/rotate', {}))[1]).toBe('not_rotatable');
    expect((await admin('PATCH', 'keys/k1', { expires_at: '2099-01-31' })).body.state).toBe('active');
    expect((await ask(value))[0]).toBe(200);
  });

  it('that is rotated works with both values until the overlap ends', async () => {
    spec = await startForSpecs();
    const old = await family();
    const { body: rotated } = await admin('POST', 'keys/k1/rotate', { overlap_s: 3 });
    expect(rotated.value).toMatch(/^hf_/);
    expect([(await ask(old))[0], (await ask(rotated.value))[0]]).toEqual([200, 200]);
    await new Promise((resolve) => setTimeout(resolve, 3_100));
    expect(await ask(old)).toEqual([401, 'rotated_api_key', expect.stringContaining('its former value was valid until 20') as unknown]);
    expect((await ask(rotated.value))[0]).toBe(200);
    expect((await admin('GET', 'keys/k1')).body).not.toHaveProperty('value');
    const texts = JSON.stringify(spec.log.events());
    expect(texts).toContain('KeyRotated');
    expect(texts).not.toContain(rotated.value);
  });

  it('keeps its value when it is changed; what is not named in a PATCH stays', async () => {
    spec = await startForSpecs();
    const value = await family({ models: ['small'], metadata: { owner: 'ada' }, params: { max_tokens: 10, clamp: true } });
    const { body } = await admin('PATCH', 'keys/k1', { name: 'One', denied_models: ['big'] });
    expect(body).toMatchObject({
      name: 'One', models: ['small'], denied_models: ['big'], metadata: { owner: 'ada' }, team: 'search',
      params: { max_tokens: 10, clamp: true },
    });
    expect((await ask(value))[0]).toBe(200);
    const whole = (await admin('PUT', 'keys/k1', { team: 'search' })).body;
    expect(whole).toMatchObject({ models: [], metadata: {} });
    expect(whole).not.toHaveProperty('denied_models');
    for (const none of ['keys/none', 'customers/acne', 'teams/serch']) {
      expect((await admin('PATCH', none, { name: 'None' })).status).toBe(404);
    }
  });

  it('shows when it was last used', async () => {
    spec = await startForSpecs();
    await family();
    spec.system.keyUses = [{ key: 'k1', atMs: 1_767_225_600_999, models: [], open_jobs: 2 }];
    expect((await admin('GET', 'keys/k1')).body).toMatchObject({ last_used_at: 1_767_225_600, open_jobs: 2 });
    const { body: { data } } = await admin<{ data: object[] }>('GET', 'keys');
    expect(data).toContainEqual(expect.objectContaining({ id: 'bootstrap', last_used_at: null, open_jobs: 0 }));
    spec.system.isRouterAway = true;
    expect((await admin('GET', 'keys/k1')).body).not.toHaveProperty('last_used_at');
  });
});

describe('rules', () => {
  it('of a customer hold for every key below; the answer says what is not allowed and what is', async () => {
    spec = await startForSpecs();
    const value = await family({ models: ['small', 'big'] });
    await admin('PATCH', 'customers/acme', { denied_models: ['big'] });
    expect(await ask(value, { model: 'big' })).toEqual([403, 'not_allowed',
      'This key may not use the model "big": customer acme denies big. GET /v1/models lists what it may use.']);
    expect(await ask(value, { model: 'other' })).toEqual([403, 'not_allowed',
      'This key may not use the model "other": key k1 allows only small, big. GET /v1/models lists what it may use.']);
    expect((await ask(value))[0]).toBe(200);
  });

  it('of parameters refuse with the bound, or bring into it and say so', async () => {
    spec = await startForSpecs();
    const value = await family({ params: { max_tokens: 100, refuse: ['logit_bias'] } });
    expect(await ask(value, { max_tokens: 101 })).toEqual([400, 'over_cap',
      "'max_tokens' of 101 is over the cap of 100 tokens of key k1. Ask for at most 100."]);
    expect((await ask(value, { logit_bias: { 1: 1 } }))[1]).toBe('param_not_allowed');
    await admin('PATCH', 'keys/k1', { params: { max_tokens: 100, clamp: true } });
    const answer = await post(spec, '/v1/chat/completions', { ...chat, max_tokens: 5_000 }, { authorization: `Bearer ${value}` });
    expect([answer.status, answer.headers.get('holdfast-clamped-params')]).toEqual([200, 'max_tokens']);
    const bare = await post(spec, '/v1/chat/completions', chat, { authorization: `Bearer ${value}` });
    expect(bare.headers.get('holdfast-clamped-params')).toBeNull();
    const bounds = spec.system.events.flatMap((event) => event.type === 'JobSubmitted' ? [event.data.max_output_tokens] : []);
    expect(bounds.slice(-2)).toEqual([100, 100]);
  });

  it('that change do not make another request of one that is repeated', async () => {
    spec = await startForSpecs();
    const value = await family({ params: { max_tokens: 100, clamp: true } });
    const headers = { authorization: `Bearer ${value}`, 'idempotency-key': 'once' };
    expect((await post(spec, '/v1/chat/completions', { ...chat, max_tokens: 500 }, headers)).status).toBe(200);
    await admin('PATCH', 'keys/k1', { params: { max_tokens: 50, clamp: true } });
    const again = await post(spec, '/v1/chat/completions', { ...chat, max_tokens: 500 }, headers);
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([200, 'true']);
    const sent = spec.system.events.flatMap((event) => event.type === 'JobSubmitted' ? [event.data.idempotency?.body_sha256] : []);
    expect(new Set(sent).size).toBe(1);
  });
});

describe('what an administrator may not say', () => {
  it('is refused with its field and the mend, and nothing of it is kept', async () => {
    spec = await startForSpecs();
    await family();
    await admin('POST', 'providers', {
      id: 'sim', type: 'openai', base_url: 'http://127.0.0.1:9/v1', api_key: 'env:K', models: ['small', 'big'],
    });
    const before = spec.ingress.edge.governance.state.sequence;
    const wrong: readonly (readonly [string, string, object, RegExp])[] = [
      ['POST', 'keys', { team: 'none' }, /There is no team "none"/],
      ['POST', 'keys', { denied_model: ['x'] }, /There is no field "denied_model"; did you mean "denied_models"\?/],
      ['POST', 'keys', { models: ['smal'] }, /models: "smal" matches no model .* did you mean "small"\?/],
      ['POST', 'keys', { models: ['small'], denied_models: ['s*'] }, /denied_models: "s\*" denies what models allows/],
      ['POST', 'keys', { state: 'paused' }, /state: .*"active"\|"suspended"/],
      ['POST', 'keys', { state: 'suspended' }, /state: say why in suspended_reason/],
      ['POST', 'keys', { metadata: { a: 'x'.repeat(5_000) } }, /metadata: metadata is too big: up to 64 entries/],
      ['POST', 'keys', { expires_at: 1 }, /expires_at: is in the past/],
      ['POST', 'keys', { expires_at: 'soon' }, /expires_at: takes seconds since the epoch or a date/],
      ['PATCH', 'keys/k1', { customer: 'default', team: null }, /A key stays with its customer \(acme\)/],
      ['POST', 'keys/k1/suspend', {}, /reason/],
      ['POST', 'keys/k1/rotate', { overlap_s: -1 }, /overlap_s/],
      ['PUT', 'customers/acme', { params: { temperature: { min: 1, max: 0 } } }, /params.temperature: min \(1\) is above max \(0\)/],
      ['DELETE', 'customers/acme', {}, /customers\/acme has team search, key k1; remove or move them first/],
      ['DELETE', 'teams/search', {}, /teams\/search has the keys k1; revoke them first/],
      ['PUT', 'teams/search', { customer: 'default' }, /teams\/search has the keys k1/],
      ['POST', 'keys/none/rotate', {}, /There is no key "none"/],
      ['POST', 'teams/search/rotate', {}, /Only keys are rotated/],
      ['POST', 'keys/k1/freeze', {}, /There is no "freeze"; there is suspend, resume/],
    ];
    for (const [method, path, body, message] of wrong) {
      const [status, , told] = await refused(method, path, body);
      expect([path, told]).toEqual([path, expect.stringMatching(message)]);
      expect(status).toBeGreaterThanOrEqual(400);
    }
    expect(spec.ingress.edge.governance.state.sequence).toBe(before);
  });

  it('two at once: the second is told that what it has seen is no more', async () => {
    spec = await startForSpecs();
    await family();
    const { etag } = await admin('GET', 'keys/k1');
    const both = await Promise.all(['ada', 'bob'].map((name) =>
      admin('PATCH', 'keys/k1', { name }, { 'if-match': etag })));
    expect(both.map(({ status }) => status).sort()).toEqual([200, 412]);
    const [winner] = both.filter(({ status }) => status === 200);
    expect((await admin('GET', 'keys/k1')).body['name']).toBe(winner!.body['name']);
    const stale = await admin<Told>('DELETE', 'keys/k1', undefined, { 'if-match': etag });
    expect([stale.status, stale.body.error.code]).toEqual([412, 'changed_meanwhile']);
    expect((await admin('POST', 'keys/k1/rotate', {}, { 'if-match': etag })).status).toBe(412);
  });
});

describe('a configuration', () => {
  const file = (customers: string) => {
    const parsed = parseConfig(`providers:
  - { id: sim, type: openai, base_url: "http://127.0.0.1:9/v1", api_key: env:K, models: [small, big] }
customers:
${customers}`, { environment: { K: 'x', A: 'first-client-key-1234', B: 'second-client-key-123' } });
    return parsed.ok ? parsed.config : emptyConfig;
  };
  const used = [{ key: 'k1', atMs: Date.now(), models: [{ model: 'small', atMs: Date.now() }], open_jobs: 1 }];

  it('that would cut a key in use is refused whole, by name, unless it is forced', async () => {
    spec = await startForSpecs();
    const [first, next] = [file('  - { id: acme, keys: [{ id: k1, value: env:A }] }'), file('  - { id: acme, weight: 2 }')];
    expect((await admin('PUT', 'config', first)).status).toBe(200);
    spec.system.keyUses = used;
    const before = spec.ingress.edge.governance.state.sequence;
    const [status, code, message] = await refused('PUT', 'config', next);
    expect([status, code]).toEqual([409, 'keys_in_use']);
    expect(message).toMatch(/^Nothing was applied: key k1 is in use \(last at 20.*Z, 1 job under way\): it would be removed\. .*--force/);
    expect(spec.ingress.edge.governance.state.sequence).toBe(before);
    const dry = await admin<{ cuts: object[]; changes: object[] }>('PUT', 'config?dry_run=true', next);
    expect(dry.body.cuts).toMatchObject([{ key: 'k1', open_jobs: 1 }]);
    expect(dry.body.changes).toContainEqual({
      action: 'change', entity: 'customer', id: 'acme', fields: [{ field: 'weight', before: 1, after: 2 }],
    });
    expect((await admin('PUT', 'config?force=true', next)).status).toBe(200);
    expect((await ask('first-client-key-1234'))[1]).toBe('revoked_api_key');
  });

  it('whose effect on keys cannot be told is not applied, nor is a dry run of it refused', async () => {
    spec = await startForSpecs();
    await admin('PUT', 'config', file('  - { id: acme, keys: [{ id: k1, value: env:A }] }'));
    spec.system.isRouterAway = true;
    const next = file('  - { id: acme }');
    expect((await admin<{ cuts: unknown }>('PUT', 'config?dry_run=true', next)).body.cuts).toBeNull();
    expect((await refused('PUT', 'config', next))[1]).toBe('router_unavailable');
    // Nothing of it touches a key: nobody need be asked.
    expect((await admin('PUT', 'config', file('  - { id: acme, weight: 3, keys: [{ id: k1, value: env:A }] }'))).status).toBe(200);
  });

  it('that names what is not there is refused whole', async () => {
    spec = await startForSpecs();
    const config = file('  - { id: acme, teams: [{ id: t, keys: [{ id: k1, value: env:A }] }] }');
    const [key] = config.keys;
    const wrong = { ...config, keys: [{ ...key, team: 'none' }, { ...key, key: 'k2', models: ['huge'] }] };
    const [status, code, message] = await refused('PUT', 'config', wrong);
    expect([status, code]).toEqual([400, 'invalid_config']);
    expect(message).toContain('key k1: team: there is no team "none" for it');
    expect(message).toContain('key k2: models: "huge" matches no model');
    expect(message).toContain('key k2: value: is also the value of key k1');
    expect(spec.ingress.edge.governance.state.customers.has('acme')).toBe(false);
  });

  it('of which somebody has seen another state is not applied', async () => {
    spec = await startForSpecs();
    const config = file('  - { id: acme }');
    const seen = (await admin<{ sequence: number }>('PUT', 'config?dry_run=true', config)).body.sequence;
    await admin('POST', 'customers', { id: 'other' });
    const late = await admin<Told>('PUT', 'config', config, { 'if-match': `"${seen}"` });
    expect([late.status, late.body.error.code]).toEqual([412, 'changed_meanwhile']);
    expect((await admin('PUT', 'config', config, { 'if-match': 'what I saw' })).status).toBe(400);
  });

  it('does not give a key of a file another value by rotation, and says how', async () => {
    spec = await startForSpecs();
    await admin('PUT', 'config', file('  - { id: acme, keys: [{ id: k1, value: env:A }] }'));
    expect(await refused('POST', 'keys/k1/rotate', {})).toMatchObject([409, 'owned_by_file', expect.stringContaining('overlap_s')]);
    spec.system.keyUses = used;
    expect(await refused('PUT', 'config', file('  - { id: acme, keys: [{ id: k1, value: env:B }] }')))
      .toMatchObject([409, 'keys_in_use', expect.stringContaining('its value would be replaced')]);
    const overlap = file('  - { id: acme, keys: [{ id: k1, value: env:B, overlap_s: 60 }] }');
    expect((await admin('PUT', 'config', overlap)).status).toBe(200);
    expect([(await ask('first-client-key-1234'))[0], (await ask('second-client-key-123'))[0]]).toEqual([200, 200]);
    // In an emergency what a file owns is stopped all the same.
    expect((await admin('POST', 'keys/k1/suspend', { reason: 'leaked' })).status).toBe(200);
    expect((await ask('second-client-key-123'))[1]).toBe('suspended');
    expect((await admin('PUT', 'config', overlap)).status).toBe(200);
    expect((await ask('second-client-key-123'))[1]).toBe('suspended');
  });
});
