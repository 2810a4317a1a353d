// Rules of taking logins, against an issuer of our own.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LoginIssuer, type TokenOptions } from '@libs/test-kit/login-issuer';
import { Issuers } from './issuer';
import { verifyToken } from './verify-token';

let issuer: LoginIssuer;
let issuers: Issuers;
let nowMs: number;

beforeEach(async () => {
  issuer = await new LoginIssuer().start();
  nowMs = Date.now();
  issuers = new Issuers({ fetch, now: () => nowMs, timeoutMs: 5_000, cooldownMs: 100 });
});
afterEach(async () => {
  await issuer.stop();
});

const verify = (token: string) =>
  verifyToken(issuers, token, { issuer: issuer.url, audience: 'holdfast' }, nowMs);
const verdict = async (options: TokenOptions | string): Promise<string> => {
  const token = typeof options === 'string' ? options : await issuer.token(options);
  const verified = await verify(token);
  return verified.ok ? verified.login.subject : verified.reason;
};

describe('a login', () => {
  it('is taken with who it is and what it claims', async () => {
    const token = await issuer.token({ claims: { email: 'ann@example.com', roles: ['sre'] } });
    expect(await verify(token)).toMatchObject({
      ok: true, login: { subject: 'user-1', email: 'ann@example.com', claims: { roles: ['sre'] } },
    });
    const unchecked = await verify(await issuer.token({ claims: { email: 'x@y', email_verified: false } }));
    expect(unchecked.ok && unchecked.login.email).toBeNull();
  });

  it('is refused that is for others, of others, old, of another kind or unsigned', async () => {
    expect(await verdict({ audience: 'another' })).toBe('login_not_for_us');
    expect(await verdict({ issuer: 'https://elsewhere' })).toBe('login_other_issuer');
    expect(await verdict({ expiresInS: -60 })).toBe('login_expired');
    expect(await verdict({ typ: 'logout+jwt' })).toBe('login_invalid');
    expect(await verdict({ secret: 'a-secret-that-the-forger-knows-too' })).toBe('login_wrong_algorithm');
    expect(await verdict({ kid: 'no-such-key' })).toBe('login_unknown_key');
    const [head, body] = (await issuer.token()).split('.');
    expect(await verdict(`${head}.${body}.AAAA`)).toBe('login_invalid');
    const none = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
    expect(await verdict(`${none}.${body}.`)).toBe('login_wrong_algorithm');
    expect(await verdict('ey.ey.ey')).toBe('login_invalid');
  });

  it('is taken within a clock skew of half a minute', async () => {
    expect(await verdict({ expiresInS: -10 })).toBe('user-1');
  });

  it('signed by a key that was rotated in is taken, and one by the former key no more', async () => {
    const before = await issuer.token();
    expect(await verdict(before)).toBe('user-1');
    await issuer.rotate();
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(await verdict({})).toBe('user-1');
    expect(await verdict(before)).toBe('login_unknown_key');
  });

  it('of unknown keys does not make us ask the issuer again and again', async () => {
    // However long the twenty take.
    issuers = new Issuers({ fetch, now: () => nowMs, cooldownMs: 60_000 });
    await verdict({});
    for (let tries = 0; tries < 20; tries += 1) await verdict({ kid: `k${tries}` });
    expect(issuer.keyFetches).toBeLessThanOrEqual(3);
  });
});

describe('an issuer that is down', () => {
  it('is a fault, not a refusal, and is asked again a little later', async () => {
    const token = await issuer.token();
    issuer.brokenStatus = 503;
    await expect(verdict(token)).rejects.toMatchObject({ code: 'issuer_unavailable' });
    issuer.brokenStatus = null;
    await expect(verdict(token)).rejects.toMatchObject({ code: 'issuer_unavailable' });
    nowMs += 2_001;
    expect(await verdict(token)).toBe('user-1');
    issuer.brokenStatus = 500;
    expect(await verdict(token)).toBe('user-1');
  });

  it('that calls itself otherwise is of no use', async () => {
    const other = new Issuers({ fetch, now: () => nowMs });
    const expected = { issuer: `${issuer.url}/`, audience: 'holdfast' };
    await expect(verifyToken(other, await issuer.token(), expected, nowMs))
      .rejects.toMatchObject({ code: 'issuer_unavailable' });
  });
});
