// Rules of logging in with a browser, over real HTTP with an issuer of our own.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LoginIssuer } from '@libs/test-kit/login-issuer';
import { type SpecIngress, specAdminToken, startForSpecs } from '../start-for-specs';

let spec: SpecIngress;
let issuer: LoginIssuer;
beforeEach(async () => {
  spec = await startForSpecs();
  issuer = await new LoginIssuer().start();
  issuer.user = { subject: 'u-7', claims: { roles: ['sre'], email: 'ann@example.com' } };
  await configure({ sre: 'operator' });
});
afterEach(async () => {
  await issuer.stop();
  await spec.stop();
});

async function configure(roles: Record<string, string>, more: object = { client_id: 'holdfast' }): Promise<void> {
  const answer = await fetch(`${spec.url}/admin/v1/oidc/issuer`, {
    method: 'PUT', headers: { authorization: `Bearer ${specAdminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ issuer: issuer.url, roles, ...more }),
  });
  expect(answer.status).toBe(200);
}

const cookieIn = (answer: Response): string => (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
const see = (path: string, cookie: string, options: RequestInit = {}): Promise<Response> =>
  fetch(`${spec.url}${path}`, { ...options, redirect: 'manual', headers: { cookie, ...options.headers as object } });

/** As a browser goes: to us, to the issuer, and back. */
async function begin(returnTo = '/admin/v1/whoami'): Promise<{ back: string; pending: string }> {
  const away = await see(`/admin/v1/login?return_to=${encodeURIComponent(returnTo)}`, '');
  expect(away.status).toBe(302);
  expect(away.headers.get('set-cookie')).toMatch(/^holdfast_login=.+; Path=\/admin\/v1\/callback; HttpOnly; SameSite=Lax/);
  const atIssuer = await fetch(away.headers.get('location') ?? '', { redirect: 'manual' });
  return { back: (atIssuer.headers.get('location') ?? '').slice(spec.url.length), pending: cookieIn(away) };
}

async function logIn(): Promise<string> {
  const { back, pending } = await begin();
  const done = await see(back, pending);
  expect(done.status).toBe(200);
  return cookieIn(done);
}

describe('a login with a browser', () => {
  it('ends in a session that no script sees and no other site sends', async () => {
    const { back, pending } = await begin('/console?tab=keys&x=1');
    const done = await see(back, pending);
    expect(done.headers.get('set-cookie')).toMatch(/^holdfast_session=\S+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=3600$/);
    expect(await done.text()).toContain('url=/console?tab=keys&amp;x=1');
    expect(await (await see('/admin/v1/whoami', cookieIn(done))).json()).toMatchObject({
      id: 'oidc:u-7', email: 'ann@example.com', role: 'operator', via: 'session',
    });
    expect((await spec.log.lastOf('events.access'))!.events).toMatchObject([
      { type: 'AdminActed', data: { actor: 'oidc:u-7', act: 'login', via: 'session' } },
    ]);
  });

  it('changes things from pages of this very address alone', async () => {
    const cookie = await logIn();
    const change = (headers: Record<string, string>): Promise<Response> => see('/admin/v1/customers/acme', cookie, {
      method: 'PUT', headers: { 'content-type': 'application/json', ...headers }, body: '{}',
    });
    for (const headers of [{}, { origin: 'https://evil.example' }, { 'sec-fetch-site': 'same-site' }, { origin: 'null' }]) {
      const answer = await change(headers);
      expect([answer.status, (await answer.json() as { error: { code: string } }).error.code]).toEqual([403, 'cross_site']);
    }
    expect((await change({ origin: spec.url })).status).toBe(200);
    expect((await change({ 'sec-fetch-site': 'same-origin' })).status).toBe(200);
  });

  it('is worth what its claims are mapped to now, and nothing when its issuer is no more', async () => {
    const cookie = await logIn();
    await configure({ sre: 'auditor' });
    expect(await (await see('/admin/v1/whoami', cookie)).json()).toMatchObject({ role: 'auditor' });
    await configure({ others: 'owner' });
    expect((await see('/admin/v1/whoami', cookie)).status).toBe(403);
    await fetch(`${spec.url}/admin/v1/oidc/issuer`, { method: 'DELETE', headers: { authorization: `Bearer ${specAdminToken}` } });
    expect((await see('/admin/v1/whoami', cookie)).status).toBe(401);
  });

  it('is refused when it did not begin here, was changed, or is used twice', async () => {
    const { back, pending } = await begin();
    expect((await see(back, '')).status).toBe(400);
    const other = await begin();
    expect((await see(back, other.pending)).status).toBe(401);
    expect((await see(back.replace(/state=[^&]+/, 'state=x'), pending)).status).toBe(401);
    expect((await see(other.back, other.pending)).status).toBe(200);
    expect((await see(other.back, other.pending)).status).toBe(401);
    const cookie = await logIn();
    expect((await see('/admin/v1/whoami', `${cookie.slice(0, -4)}AAAA`)).status).toBe(401);
    expect((await see('/admin/v1/whoami', cookie.replace('holdfast_session', 'holdfast_login'))).status).toBe(401);
    expect((await see('/admin/v1/whoami', pending.replace('holdfast_login', 'holdfast_session'))).status).toBe(401);
  });

  it('leads to no other site, and to nobody without a role', async () => {
    for (const path of ['https://evil.example', '//evil.example', '/\\evil.example', '/x"><script>']) {
      const { back, pending } = await begin(path);
      expect(await (await see(back, pending)).text()).toContain('url=/admin/v1/whoami');
    }
    issuer.user = { subject: 'u-8', claims: { roles: ['staff'] } };
    const { back, pending } = await begin();
    const refused = await see(back, pending);
    expect([refused.status, refused.headers.get('set-cookie')]).toEqual([403, null]);
  });

  it('is over after logging out, and is a 404 or 503 where it cannot be', async () => {
    const out = await see('/admin/v1/logout', await logIn(), { method: 'POST' });
    expect([out.status, cookieIn(out)]).toEqual([204, 'holdfast_session=']);
    await configure({ sre: 'operator' }, { audience: 'holdfast' });
    expect((await see('/admin/v1/login', '')).status).toBe(404);
    await configure({ sre: 'operator' }, { client_id: 'holdfast', client_secret: 'env:NO_SUCH_SECRET' });
    expect((await see('/admin/v1/login', '')).status).toBe(503);
  });
});
