// What an operator may stop, give back and raise, and how it stands in the log, over real HTTP.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { emptyConfig } from '@libs/governance/desired-config';
import { type SpecIngress, specAdminToken, startForSpecs } from '../start-for-specs';

let spec: SpecIngress;
let operator: string;
beforeEach(async () => {
  spec = await startForSpecs();
  operator = String((await asRoot('POST', 'administrators', { id: 'op', role: 'operator' })).body['token']);
  for (const [path, body] of [
    ['customers', { id: 'acme' }], ['teams', { id: 'search', customer: 'acme' }], ['keys', { id: 'k1', team: 'search' }],
  ] as const) expect((await as('POST', path, body)).status).toBe(201);
});
afterEach(async () => {
  await spec.stop();
});

type Body = Record<string, unknown> & { error?: { code: string; message: string } };

interface Asked { method: string; path: string; body?: unknown; headers?: Record<string, string> }

async function send(token: string, { method, path, body, headers }: Asked): Promise<{ status: number; body: Body }> {
  const answer = await fetch(`${spec.url}/admin/v1/${path}`, {
    method, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: await answer.json() as Body };
}
const as = (method: string, path: string, body?: unknown, headers = {}) => send(operator, { method, path, body, headers });
const asRoot = (method: string, path: string, body?: unknown) => send(specAdminToken, { method, path, body });
const lastCommit = async () => (await spec.log.lastOf('events.governance'))!.events;

describe('an operator', () => {
  it.each([
    ['customers/acme', 'customer/acme'], ['teams/search', 'team/search'], ['keys/k1', 'key/k1'],
  ])('suspends and resumes %s, in one commit with who, before and after', async (path, subject) => {
    expect((await as('POST', `${path}/suspend`, { reason: 'unpaid' })).status).toBe(200);
    const suspended = { state: 'suspended', suspended_by: { reason: 'unpaid' } };
    const act = { actor: 'op', role: 'operator', via: 'token', about: path };
    expect(await lastCommit()).toMatchObject([
      { type: 'AdminActed', data: { ...act, act: `${path.split('/')[0]!}.suspend`, before: { state: 'active' }, after: suspended } },
      { type: 'AccessSuspended', subject },
    ]);
    expect((await as('POST', `${path}/resume`, {})).status).toBe(200);
    expect(await lastCommit()).toMatchObject([
      { type: 'AdminActed', data: { ...act, act: `${path.split('/')[0]!}.resume`, before: suspended, after: { state: 'active' } } },
      { type: 'AccessResumed', subject },
    ]);
    const { sequence } = spec.ingress.edge.governance.state;
    expect((await as('POST', `${path}/resume`, {})).status).toBe(200);
    expect(spec.ingress.edge.governance.state.sequence).toBe(sequence);
  });

  it('suspends no administrator, and an auditor nobody', async () => {
    const { sequence } = spec.ingress.edge.governance.state;
    expect(await as('POST', 'administrators/op/suspend', { reason: 'x' })).toMatchObject({ status: 403, body: { error: { code: 'role_too_low' } } });
    expect((await asRoot('POST', 'administrators/op/suspend', { reason: 'x' })).status).toBe(404);
    expect(spec.ingress.edge.governance.state.sequence).toBe(sequence);
    const { body: { token } } = await asRoot('POST', 'administrators', { id: 'eve', role: 'auditor' });
    for (const path of ['keys/k1/suspend', 'keys/k1/rotate', 'limits/key/k1/raises']) {
      expect([path, (await send(String(token), { method: 'POST', path, body: { reason: 'x' } })).status]).toEqual([path, 403]);
    }
  });

  it('gives a key another value, which is not in the log', async () => {
    const { body: { value } } = await as('POST', 'keys/k1/rotate', { overlap_s: 60 });
    const events = await lastCommit();
    expect(events).toMatchObject([
      { type: 'AdminActed', data: { actor: 'op', act: 'keys.rotate', about: 'keys/k1', before: { id: 'k1' }, after: { id: 'k1' } } },
      { type: 'KeyRotated', subject: 'k1' },
    ]);
    expect(JSON.stringify(events)).not.toContain(String(value));
    expect(JSON.stringify(events[0])).not.toContain((events[1]!.data as { hash: string }).hash);
  });

  it('raises a budget and ends the raise; both say which and how long', async () => {
    await as('PUT', 'limits/team/search', { budgets: [{ limit_usd: 50, window: 'month', calendar: true }] });
    const { body: { id } } = await as('POST', 'limits/team/search/raises', { add_usd: 5, until: '2999-01-31', reason: 'launch' });
    const act = { actor: 'op', act: 'BudgetRaised', about: 'limits/team/search', detail: { raise: id, reason: 'launch' } };
    const raised = await lastCommit();
    expect(raised).toMatchObject([{ type: 'AdminActed', data: act }, { type: 'BudgetRaised' }]);
    expect(raised[0]!.data).toMatchObject({ after: { raises: [{ id, until: '2999-01-31T00:00:00.000Z' }] } });
    expect(raised[0]!.data).not.toHaveProperty('before.raises');
    await as('DELETE', `limits/team/search/raises/${String(id)}`);
    expect(await lastCommit()).toMatchObject([
      { type: 'AdminActed', data: { ...act, before: { raises: [{ id, until: '2999-01-31T00:00:00.000Z' }] } } }, { type: 'BudgetRaised' },
    ]);
  });

  it('changes a key only as it was seen; a refused change leaves no act', async () => {
    const { sequence } = spec.ingress.edge.governance.state;
    expect((await as('PATCH', 'keys/k1', { name: 'x' }, { 'if-match': '"other"' })).status).toBe(412);
    expect((await as('DELETE', 'keys/k1', undefined, { 'if-match': '"other"' })).status).toBe(412);
    expect(spec.ingress.edge.governance.state.sequence).toBe(sequence);
    await as('PATCH', 'keys/k1', { name: 'Search' });
    expect(await lastCommit()).toMatchObject([
      { type: 'AdminActed', data: { actor: 'op', act: 'KeyChanged', about: 'keys/k1', before: { name: null }, after: { name: 'Search' } } },
      { type: 'KeyChanged' },
    ]);
  });
});

describe('an applied configuration', () => {
  const customer = { customer: 'filed', name: null, weight: 1 };
  const of = (more: object) => ({ ...emptyConfig, customers: [customer], ...more });
  const suspension = { level: 'customer', id: 'filed', customer: 'filed', reason: 'unpaid' };

  it('names what it suspends and lets go on, and bounds with their time zone', async () => {
    await as('PUT', 'config', of({}));
    const budget = { limit_pico_usd: '9', window: 'day', calendar: true, time_zone: 'Europe/Berlin', models: [], providers: [] };
    const limits = [{ customer: 'filed', level: 'customer', id: 'filed', rate_limits: [], max_concurrent: null, budgets: [budget] }];
    expect((await as('PUT', 'config', of({ suspensions: [suspension], limits }))).status).toBe(200);
    expect(await lastCommit()).toMatchObject([
      { type: 'AdminActed', data: {
        actor: 'op', act: 'config.apply',
        detail: { created: ['time_zones/Europe/Berlin', 'limits/customer/filed'] },
        before: { 'customers/filed': { state: 'active' } }, after: { 'customers/filed': { state: 'suspended' } },
      } },
      { type: 'TimeZoneSet' }, { type: 'LimitsSet' }, { type: 'AccessSuspended' },
    ]);
    await as('PUT', 'config', of({ limits }));
    expect(await lastCommit()).toMatchObject([
      { type: 'AdminActed', data: { before: { 'customers/filed': { state: 'suspended' } }, after: { 'customers/filed': { state: 'active' } } } },
      { type: 'AccessResumed' },
    ]);
  });

  it('says that it was forced, and is refused as a whole when somebody else changed it meanwhile', async () => {
    const { sequence } = spec.ingress.edge.governance.state;
    await as('PUT', 'config?force=true', of({}), { 'if-match': `"${sequence}"` });
    expect((await lastCommit())[0]).toMatchObject({ type: 'AdminActed', data: { actor: 'op', detail: { force: true } } });
    const now = spec.ingress.edge.governance.state.sequence;
    expect((await as('PUT', 'config?force=true', of({ customers: [] }), { 'if-match': `"${sequence}"` })).status).toBe(412);
    expect(spec.ingress.edge.governance.state.sequence).toBe(now);
  });

  it('is not forced past a role, nor shown with what nobody may know of an administrator', async () => {
    const mole = { administrator: 'mole', name: null, role: 'owner', hash: 'h', hint: 'hfa_', expires_at_ms: null };
    const refused = await as('PUT', 'config?force=true', of({ administrators: [mole] }));
    expect(refused).toMatchObject({ status: 403, body: { error: { code: 'role_too_low' } } });
    const shown = await asRoot('PUT', 'config?dry_run=true', of({ administrators: [mole] }));
    const [change] = (shown.body['changes'] as { entity: string; fields: object[] }[]).filter(({ entity }) => entity === 'administrator');
    expect(change!.fields).not.toContainEqual(expect.objectContaining({ field: 'hash' }));
  });
});
