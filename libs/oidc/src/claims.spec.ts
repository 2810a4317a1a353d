// Rules of reading the roles of a login.
import { expect, test } from '@jest/globals';
import { claimValues } from './claims';
import { looksLikeJwt } from './verify-token';

test('roles are a list or a text, under a name or a path, and nothing that is not said', () => {
  expect(claimValues({ roles: ['a', 'b', 7] }, 'roles')).toEqual(['a', 'b']);
  expect(claimValues({ scope: 'a  b' }, 'scope')).toEqual(['a', 'b']);
  expect(claimValues({ 'https://x.example/roles': ['a'] }, 'https://x.example/roles')).toEqual(['a']);
  expect(claimValues({ realm_access: { roles: ['a'] } }, 'realm_access.roles')).toEqual(['a']);
  expect(claimValues({ roles: { a: true } }, 'roles')).toEqual([]);
  expect(claimValues({}, 'constructor.name')).toEqual([]);
});

test('a token of ours is never taken for a login', () => {
  expect(looksLikeJwt('eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.')).toBe(true);
  expect(looksLikeJwt('hfa_eyJhbGciOiJub25lIn0')).toBe(false);
  expect(looksLikeJwt('admin-token')).toBe(false);
});
