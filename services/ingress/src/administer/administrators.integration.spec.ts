// Rules of who may administer, over real HTTP: roles, tokens, logins, and what is written down.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Fault } from '@libs/faults/faults';
import { emptyConfig } from '@libs/governance/desired-config';
import { LoginIssuer, type TokenOptions } from '@libs/test-kit/login-issuer';
import { chat, post, type SpecIngress, specAdminToken, specKey, startForSpecs } from '../start-for-specs';

let spec: SpecIngress;
beforeEach(async () => {
  spec = await startForSpecs();
});
afterEach(async () => {
  await spec.stop();
});

type Body = Record<string, unknown> & { error?: { code: string; message: string }; token?: string };

async function as(token: string | null, method: string, path: string, body?: unknown) {
  const answer = await fetch(`${spec.url}${path}`, {
    method,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: JSON.parse(await answer.text()) as Body };
}
const root = specAdminToken;

async function named(id: string, role: string, more: object = {}, by = root): Promise<string> {
  const made = await as(by, 'POST', '/admin/v1/administrators', { id, role, ...more });
  expect(made.status).toBe(201);
  expect(made.body.token).toMatch(/^hfa_[\w-]{43}$/);
  return made.body.token ?? '';
}

interface Told { type: string; data: Record<string, unknown> }

async function eventsOf(subject: string): Promise<Told[]> {
  const { lastSequence } = await spec.log.state();
  const events: Told[] = [];
  for (let sequence = 1; sequence <= lastSequence; sequence += 1) {
    const commit = await spec.log.readAt(sequence);
    if (commit?.subject === subject) events.push(...commit.events as unknown as Told[]);
  }
  return events;
}

describe('roles', () => {
  it('let an auditor look and change nothing', async () => {
    const token = await named('eve', 'auditor');
    expect(await as(token, 'GET', '/admin/v1/whoami')).toMatchObject({
      status: 200, body: { id: 'eve', role: 'auditor', via: 'token' },
    });
    for (const path of ['config', 'keys', 'administrators', 'queue']) {
      expect((await as(token, 'GET', `/admin/v1/${path}`)).status).toBe(200);
    }
    const changes: [string, string][] = [
      ['POST', 'keys'], ['PUT', 'config'], ['PUT', 'config?dry_run=true'], ['DELETE', 'keys/bootstrap'],
      ['POST', 'administrators'], ['PATCH', 'customers/default'], ['POST', 'administrators/eve/rotate'],
    ];
    for (const [method, path] of changes) {
      const { status, body } = await as(token, method, `/admin/v1/${path}`, {});
      expect([path, status, body.error?.code]).toEqual([path, 403, 'role_too_low']);
      expect(body.error?.message).toMatch(/^This needs the role (operator or above|owner); eve is auditor\.$/);
    }
  });

  it('let an operator change everything but who may administer, also by way of a configuration', async () => {
    const token = await named('op', 'operator');
    expect((await as(token, 'POST', '/admin/v1/customers', { id: 'acme' })).status).toBe(201);
    for (const [method, path] of [['POST', 'administrators'], ['DELETE', 'administrators/op'], ['PUT', 'oidc/issuer']]) {
      expect((await as(token, method!, `/admin/v1/${path!}`, { id: 'x', role: 'owner' })).status).toBe(403);
    }
    const sneaky = {
      ...emptyConfig,
      administrators: [{ administrator: 'mole', name: null, role: 'owner', hash: 'h', hint: 'h', expires_at_ms: null }],
    };
    expect((await as(token, 'PUT', '/admin/v1/config', sneaky)).body.error?.message).toContain('needs the role owner; op is operator');
    expect((await as(token, 'PUT', '/admin/v1/config', emptyConfig)).status).toBe(200);
    expect(spec.ingress.edge.governance.state.administrators.has('mole')).toBe(false);
  });

  it('are needed on every way to a path', async () => {
    const paths = ['/admin/v1/config', '/%61dmin/v1/config', '/admin/v1/%63onfig', '/admin/v1/config?x=/v1/models', '/audit/v1/checkpoint'];
    for (const path of paths) {
      expect([path, (await as(null, 'GET', path)).status]).toEqual([path, 401]);
      expect([path, (await as(specKey, 'GET', path)).status]).toEqual([path, 401]);
    }
  });
});

describe('administrators', () => {
  it('have tokens that are shown once, rotated, revoked, and end', async () => {
    const first = await named('ann', 'owner', { name: 'Ann', expires_at: '2099-01-31' });
    expect(JSON.stringify((await as(root, 'GET', '/admin/v1/administrators')).body)).not.toContain(first);
    const whole = await eventsOf('events.governance');
    expect(JSON.stringify(whole)).not.toContain(first.slice(12));

    const second = (await as(root, 'POST', '/admin/v1/administrators/ann/rotate')).body.token ?? '';
    expect((await as(first, 'GET', '/admin/v1/whoami')).body.error?.code).toBe('invalid_admin_token');
    expect((await as(second, 'GET', '/admin/v1/whoami')).body['id']).toBe('ann');
    const third = (await as(root, 'POST', '/admin/v1/administrators/ann/rotate', { overlap_s: 60 })).body.token ?? '';
    for (const token of [second, third]) expect((await as(token, 'GET', '/admin/v1/whoami')).status).toBe(200);

    expect((await as(root, 'PATCH', '/admin/v1/administrators/ann', { expires_at: 1_000_000_000 })).body).toMatchObject({ role: 'owner', name: 'Ann' });
    expect((await as(third, 'GET', '/admin/v1/whoami')).body.error?.code).toBe('expired_admin_token');
    expect((await as(root, 'PATCH', '/admin/v1/administrators/ann', { expires_at: null })).body.token).toBeUndefined();
    expect((await as(third, 'GET', '/admin/v1/whoami')).status).toBe(200);

    expect((await as(root, 'DELETE', '/admin/v1/administrators/ann')).status).toBe(200);
    expect((await as(third, 'GET', '/admin/v1/whoami')).body.error).toMatchObject({
      code: 'revoked_admin_token', message: expect.stringContaining('administrator with the role auditor or above') as unknown,
    });
    expect((await as(root, 'DELETE', '/admin/v1/administrators/ann')).status).toBe(404);
    expect((await as(root, 'POST', '/admin/v1/administrators/ann/rotate')).status).toBe(404);
    expect(await named('ann', 'auditor')).not.toBe(third);
  });

  it('keep an owner, whatever they do to each other; the root token may do otherwise', async () => {
    const ann = await named('ann', 'owner');
    const lastOwner = { status: 409, body: { error: { code: 'last_owner' } } };
    expect(await as(ann, 'DELETE', '/admin/v1/administrators/ann')).toMatchObject(lastOwner);
    expect(await as(ann, 'PATCH', '/admin/v1/administrators/ann', { role: 'operator' })).toMatchObject(lastOwner);
    expect(await as(ann, 'PATCH', '/admin/v1/administrators/ann', { expires_at: 1 })).toMatchObject(lastOwner);
    await named('bob', 'owner', {}, ann);
    expect((await as(ann, 'DELETE', '/admin/v1/administrators/ann')).status).toBe(200);
    expect((await as(root, 'DELETE', '/admin/v1/administrators/bob')).status).toBe(200);
    expect(await as(root, 'GET', '/admin/v1/whoami')).toMatchObject({ status: 200, body: { id: 'admin', role: 'owner', via: 'root_token' } });
  });

  it('are not called what the root token is called, and have a role that exists', async () => {
    const past = { id: 'x', role: 'owner', expires_at: '2020-01-31' };
    for (const body of [{ id: 'admin', role: 'owner' }, { id: 'x', role: 'boss' }, { id: 'x' }, { id: 'a b', role: 'owner' }, past]) {
      expect((await as(root, 'POST', '/admin/v1/administrators', body)).status).toBe(400);
    }
  });
});

describe('what is written down', () => {
  it('is who did what, before and after, in the commit of the change itself', async () => {
    const token = await named('op', 'operator');
    await as(token, 'POST', '/admin/v1/customers', { id: 'acme', name: 'Acme' });
    await as(token, 'PUT', '/admin/v1/customers/acme', { name: 'ACME' });
    const last = await spec.log.lastOf('events.governance');
    expect(last!.events.map(({ type }) => type)).toEqual(['AdminActed', 'CustomerSet']);
    expect(last!.events[0]!.data).toMatchObject({
      actor: 'op', role: 'operator', via: 'token', source: '127.0.0.1', act: 'CustomerSet',
      about: 'customers/acme', before: { name: 'Acme' }, after: { name: 'ACME' },
    });
    await as(token, 'DELETE', '/admin/v1/customers/acme');
    const removed = await spec.log.lastOf('events.governance');
    expect(removed!.events[0]!.data).toMatchObject({ before: { name: 'ACME' }, after: null });
  });

  it('is what an applied configuration changed, and nothing when it changed nothing', async () => {
    const config = { ...emptyConfig, customers: [{ customer: 'acme', name: 'A', weight: 1 }, { customer: 'b', name: null, weight: 1 }] };
    await as(root, 'PUT', '/admin/v1/config', config);
    const changed = { ...config, customers: [{ customer: 'acme', name: 'B', weight: 1 }, { customer: 'c', name: null, weight: 1 }] };
    await as(root, 'PUT', '/admin/v1/config', changed);
    const { sequence, events } = (await spec.log.lastOf('events.governance'))!;
    expect(events[0]!.data).toMatchObject({
      actor: 'admin', act: 'config.apply', about: 'config', detail: { changes: 3, created: ['customers/c'] },
      before: { 'customers/acme': { name: 'A' }, 'customers/b': { name: null } },
      after: { 'customers/acme': { name: 'B' }, 'customers/b': null },
    });
    await as(root, 'PUT', '/admin/v1/config', changed);
    expect((await spec.log.lastOf('events.governance'))!.sequence).toBe(sequence);
  });

  it('is an act with each commit of a configuration that takes several', async () => {
    const customers = Array.from({ length: 450 }, (_, index) => ({ customer: `c${index}`, name: null, weight: 1 }));
    await as(root, 'PUT', '/admin/v1/config', { ...emptyConfig, customers });
    const acts = (await eventsOf('events.governance')).filter(({ type }) => type === 'AdminActed');
    expect(acts.map(({ data }) => (data['detail'] as { changes: number }).changes)).toEqual([200, 200, 50]);
    expect(spec.ingress.edge.governance.state.customers.size).toBe(451);
  });

  it('is every refused try, counted', async () => {
    const token = await named('eve', 'auditor');
    for (let tries = 0; tries < 25; tries += 1) await as(`hfa_guess${tries}`, 'GET', '/admin/v1/config');
    for (let tries = 0; tries < 3; tries += 1) await as(token, 'POST', '/admin/v1/keys', {});
    await spec.ingress.edge.denials.flush();
    const denied = (await eventsOf('events.access')).filter(({ type }) => type === 'RequestDenied').map(({ data }) => data);
    expect(denied).toEqual(expect.arrayContaining([
      { source: '127.0.0.1', key: null, reason: 'invalid_admin_token', count: 25 },
      { source: '127.0.0.1', key: null, reason: 'role_too_low', count: 3, administrator: 'eve' },
    ]));
  });
});

describe('a login', () => {
  let issuer: LoginIssuer;
  beforeEach(async () => {
    issuer = await new LoginIssuer().start();
    const set = await as(root, 'PUT', '/admin/v1/oidc/issuer', {
      issuer: issuer.url, audience: 'holdfast', roles_claim: 'groups', roles: { sre: 'operator', audit: 'auditor' },
    });
    expect(set.status).toBe(200);
  });
  afterEach(async () => {
    await issuer.stop();
  });
  const with_ = async (options: TokenOptions, method = 'GET', path = '/admin/v1/whoami', body?: unknown) =>
    as(await issuer.token(options), method, path, body);

  it('has the role that its claims are mapped to, and acts under its subject and e-mail', async () => {
    const sre = { subject: 'u-7', claims: { groups: ['staff', 'sre'], email: 'ann@example.com' } };
    expect(await with_(sre)).toMatchObject({
      status: 200, body: { id: 'oidc:u-7', role: 'operator', via: 'oidc', email: 'ann@example.com', issuer: issuer.url },
    });
    expect((await with_(sre, 'POST', '/admin/v1/customers', { id: 'acme' })).status).toBe(201);
    expect((await spec.log.lastOf('events.governance'))!.events[0]!.data).toMatchObject({
      actor: 'oidc:u-7', email: 'ann@example.com', issuer: issuer.url, via: 'oidc', role: 'operator',
    });
    expect((await with_(sre, 'POST', '/admin/v1/administrators', { id: 'x', role: 'owner' })).status).toBe(403);
    expect((await with_({ claims: { groups: 'audit' } }, 'POST', '/admin/v1/customers', { id: 'b' })).status).toBe(403);
  });

  it('without a role here, or that is not good, is refused and counted', async () => {
    expect(await with_({ claims: { groups: ['staff'] } })).toMatchObject({ status: 403, body: { error: { code: 'no_role' } } });
    expect(await with_({ expiresInS: -120 })).toMatchObject({ status: 401, body: { error: { code: 'login_expired' } } });
    expect((await with_({ audience: 'x' })).body.error?.code).toBe('login_not_for_us');
    await spec.ingress.edge.denials.flush();
    const reasons = (await eventsOf('events.access')).map(({ data }) => data['reason']);
    expect(reasons).toEqual(expect.arrayContaining(['no_role', 'login_expired', 'login_not_for_us']));
  });

  it('waits for its issuer, and tokens do not', async () => {
    const token = await named('op', 'operator');
    issuer.brokenStatus = 500;
    const down = await with_({ claims: { groups: ['sre'] } });
    expect(down).toMatchObject({ status: 503, body: { error: { code: 'issuer_unavailable', message: expect.stringContaining('go on working') as unknown } } });
    for (const good of [root, token]) expect((await as(good, 'GET', '/admin/v1/whoami')).status).toBe(200);
  });

  it('is not taken any more when its issuer was taken away', async () => {
    expect((await as(root, 'DELETE', '/admin/v1/oidc/issuer')).status).toBe(200);
    expect((await with_({ claims: { groups: ['sre'] } })).body.error?.code).toBe('invalid_admin_token');
  });
});

describe('a job of a customer', () => {
  const job = async (): Promise<string> => {
    const answer = await post(spec, '/v1/chat/completions', chat);
    return answer.headers.get('holdfast-job-id') ?? '';
  };
  const reads = async (): Promise<Told[]> =>
    (await eventsOf('events.access')).filter(({ type }) => type === 'ContentRead');

  it('is shown to administrators without content, and its content with an event before it', async () => {
    const token = await named('eve', 'auditor');
    const id = await job();
    const seen = await as(token, 'GET', `/admin/v1/jobs/${id}`);
    expect(seen).toMatchObject({ status: 200, body: { id, status: 'succeeded', customer: 'default', key: 'bootstrap' } });
    expect(await reads()).toEqual([]);
    const content = await as(token, 'GET', `/admin/v1/jobs/${id}/content?parts=answer&reason=ticket%204711`);
    expect(content).toMatchObject({ status: 200, body: { job: id, request: null, answer: { status: 200 } } });
    expect(await reads()).toMatchObject([{ data: {
      actor: 'eve', role: 'auditor', via: 'token', path: 'admin/jobs/content', job: id, parts: ['answer'], reason: 'ticket 4711',
    } }]);
    const own = await fetch(`${spec.url}/v1/jobs/${id}/result`, { headers: { authorization: `Bearer ${specKey}` } });
    expect(own.status).toBe(200);
    expect(await reads()).toHaveLength(1);
  });

  it('keeps its content where the reading of it cannot be written down', async () => {
    const id = await job();
    const working = spec.log.failing;
    spec.log.failing = new Fault('log_unavailable', 'away');
    const refused = await as(root, 'GET', `/admin/v1/jobs/${id}/content?parts=answer`);
    spec.log.failing = working;
    expect(refused).toMatchObject({ status: 503, body: { error: { code: 'log_unavailable' } } });
    expect(refused.body['answer']).toBeUndefined();
  });

  it('is ended by an operator, in one commit with who it was, and not by an auditor', async () => {
    spec.system.script = () => undefined;
    const answer = await post(spec, '/v1/jobs', { endpoint: '/v1/chat/completions', body: chat });
    const { id } = await answer.json() as { id: string };
    const auditor = await named('eve', 'auditor');
    expect((await as(auditor, 'POST', `/admin/v1/jobs/${id}/cancel`)).status).toBe(403);
    const operator = await named('op', 'operator');
    expect((await as(operator, 'POST', `/admin/v1/jobs/${id}/cancel`, { reason: 'runaway' })).status).toBe(200);
    const subject = `events.job.${spec.ingress.edge.partitionOf('default')}.submitted`;
    const { lastSequence } = await spec.log.state();
    const found = [];
    for (let sequence = 1; sequence <= lastSequence; sequence += 1) {
      const commit = await spec.log.readAt(sequence);
      if (commit?.subject === subject && commit.events.some(({ type }) => type === 'AdminActed')) found.push(...commit.events);
    }
    expect(found).toMatchObject([
      { type: 'JobCancelRequested', subject: id, data: { by: 'admin', reason: 'runaway' } },
      { type: 'AdminActed', subject: id, data: { actor: 'op', act: 'job.cancel', about: `jobs/${id}` } },
    ]);
  });
});
