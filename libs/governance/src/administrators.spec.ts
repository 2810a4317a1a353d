// Rules of administrators: whose token is good, what a role reaches, and what a file may say of them.
import { describe, expect, test } from '@jest/globals';
import { type EventDraft, stamp } from '@libs/events/envelope';
import {
  findAdministrator, ownersAt, reaches, roleNeededFor, roleOfClaims,
} from './administrators';
import { diffConfig } from './apply-config';
import { type DesiredConfig, emptyConfig } from './desired-config';
import { evolveGovernance } from './evolve';
import { type GovernanceState, initialGovernance } from './state';

type Wanted = NonNullable<DesiredConfig['administrators']>[number];
const ann: Wanted = {
  administrator: 'ann', name: null, role: 'owner', hash: 'h1', hint: 'hfa_', expires_at_ms: null,
};
const oidc: NonNullable<DesiredConfig['oidc']> = {
  issuer: 'https://login', audience: 'holdfast', client_id: null, client_secret: null,
  roles_claim: 'roles', roles: { sre: 'operator' }, scopes: 'openid',
};

function fold(drafts: readonly EventDraft[], from: GovernanceState = initialGovernance): GovernanceState {
  return drafts.reduce((state, draft, index) =>
    evolveGovernance(state, stamp(draft, `e${index}`, 0), state.sequence + 1), from);
}

function made(change: Partial<Wanted> & { former?: { hash: string; until_ms: number } } = {}): EventDraft {
  return {
    type: 'AdministratorSet', subject: 'ann', tenant: 'system', data: { ...ann, ...change, origin: 'api' },
  };
}
const removed = (origin: 'api' | 'file'): EventDraft => ({
  type: 'AdministratorRemoved', subject: 'ann', tenant: 'system',
  data: { administrator: 'ann', reason: 'left', origin },
});
const reasonOf = (state: GovernanceState, hash: string, nowMs = 0): string => {
  const found = findAdministrator(state, hash, nowMs);
  return found.ok ? found.administrator.id : found.reason;
};

describe('a token of an administrator', () => {
  test('is good until it expires, is rotated or revoked', () => {
    expect(reasonOf(initialGovernance, 'h1')).toBe('invalid_admin_token');
    expect(reasonOf(fold([made()]), 'h1')).toBe('ann');
    expect(reasonOf(fold([made({ expires_at_ms: 50 })]), 'h1', 49)).toBe('ann');
    expect(reasonOf(fold([made({ expires_at_ms: 50 })]), 'h1', 50)).toBe('expired_admin_token');
    expect(reasonOf(fold([made(), removed('api')]), 'h1')).toBe('revoked_admin_token');
    const rotated = fold([made(), made({ hash: 'h2' })]);
    expect([reasonOf(rotated, 'h1'), reasonOf(rotated, 'h2')]).toEqual(['invalid_admin_token', 'ann']);
  });

  test('is good for a while after a rotation that asked for it, and never beyond the end', () => {
    const overlap = fold([made(), made({ hash: 'h2', former: { hash: 'h1', until_ms: 10 } })]);
    expect([reasonOf(overlap, 'h1', 9), reasonOf(overlap, 'h1', 10)]).toEqual(['ann', 'expired_admin_token']);
    const ending = fold([made({ hash: 'h2', expires_at_ms: 5, former: { hash: 'h1', until_ms: 10 } })]);
    expect(reasonOf(ending, 'h1', 6)).toBe('expired_admin_token');
    const again = fold([made({ hash: 'h3' })], overlap);
    expect([reasonOf(again, 'h1', 1), reasonOf(again, 'h2', 1)])
      .toEqual(['invalid_admin_token', 'invalid_admin_token']);
  });

  test('made again for one who was revoked is a new one', () => {
    const back = fold([made(), removed('api'), made({ hash: 'h2' })]);
    expect([reasonOf(back, 'h1'), reasonOf(back, 'h2')]).toEqual(['invalid_admin_token', 'ann']);
  });
});

describe('a role', () => {
  test('reaches what lower ones reach', () => {
    expect(reaches('owner', 'auditor') && reaches('operator', 'operator')).toBe(true);
    expect(reaches('auditor', 'operator') || reaches('operator', 'owner')).toBe(false);
    expect(roleNeededFor('AdministratorSet')).toBe('owner');
    expect(roleNeededFor('OidcConfigured')).toBe('owner');
    expect(roleNeededFor('KeyCreated')).toBe('operator');
  });

  test('comes from the highest value of the claim that is known, and from no other', () => {
    const roles = { sre: 'operator', audit: 'auditor' } as const;
    expect(roleOfClaims(roles, ['audit', 'sre'])).toBe('operator');
    expect(roleOfClaims(roles, ['nobody', 'toString', '__proto__'])).toBeNull();
  });

  test('of an owner counts while its token is good', () => {
    expect(ownersAt(fold([made({ expires_at_ms: 10 })]), 9)).toHaveLength(1);
    expect(ownersAt(fold([made({ expires_at_ms: 10 })]), 10)).toEqual([]);
    expect(ownersAt(fold([made(), removed('api')]), 0)).toEqual([]);
    expect(ownersAt(fold([made({ role: 'operator' })]), 0)).toEqual([]);
  });
});

describe('a file', () => {
  const config: DesiredConfig = { ...emptyConfig, administrators: [ann], oidc };
  const applied = fold(diffConfig(initialGovernance, config, 0).events);

  test('makes administrators and logins once, and takes away what it does not name any more', () => {
    expect(applied.administrators.get('ann')?.set.origin).toBe('file');
    expect(applied.oidc?.issuer).toBe('https://login');
    expect(diffConfig(applied, config, 0).events).toEqual([]);
    const gone = diffConfig(applied, emptyConfig, 0);
    expect(gone.changes.map(({ action, entity }) => `${action} ${entity}`))
      .toEqual(['remove administrator', 'remove oidc']);
    expect(reasonOf(fold(gone.events, applied), 'h1')).toBe('revoked_admin_token');
  });

  test('does not touch those of the API, nor bring back a token that was revoked', () => {
    const conflict = (state: GovernanceState, one: Wanted): string =>
      diffConfig(state, { ...config, oidc: null, administrators: [one] }, 0).conflicts.map(({ message }) => message).join();
    expect(conflict(fold([made()]), ann)).toBe('administrator ann was made by the API');
    expect(conflict(fold([removed('api')], applied), ann)).toBe('administrator ann was revoked; give it a new token');
    expect(conflict(fold([removed('api')], applied), { ...ann, hash: 'h2' })).toBe('');
    expect(conflict(applied, { ...ann, administrator: 'bob' })).toContain('same token');
    expect(diffConfig(fold([made()]), emptyConfig, 0).events).toEqual([]);
  });
});
