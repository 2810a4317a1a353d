// Rules of which role a path needs.
import { expect, test } from '@jest/globals';
import { roleNeeded } from './role-needed';

const needed = (method: string, pattern: string | undefined, more: { url?: string; entity?: string } = {}) =>
  roleNeeded({ method, pattern, url: more.url ?? pattern ?? '', entity: more.entity });

test('inference and jobs need none of them', () => {
  expect(needed('POST', '/v1/chat/completions')).toBeNull();
  expect(needed('POST', '/openai/v1/chat/completions', { url: '/openai/v1/chat/completions?x=/admin/v1' })).toBeNull();
  expect(needed('GET', undefined, { url: '/favicon.ico' })).toBeNull();
});

test('looking is for auditors, changing for operators, who may administer and erasing for owners', () => {
  expect(needed('GET', '/admin/v1/:entity', { entity: 'administrators' })).toBe('auditor');
  expect(needed('HEAD', '/admin/v1/config')).toBe('auditor');
  expect(needed('POST', '/audit/v1/exports')).toBe('auditor');
  expect(needed('PUT', '/admin/v1/config')).toBe('operator');
  expect(needed('DELETE', '/admin/v1/:entity/*', { entity: 'keys' })).toBe('operator');
  expect(needed('POST', '/admin/v1/jobs/:id/redrive')).toBe('operator');
  expect(needed('POST', '/admin/v1/:entity', { entity: 'administrators' })).toBe('owner');
  expect(needed('POST', '/admin/v1/administrators/:id/rotate')).toBe('owner');
  expect(needed('PUT', '/admin/v1/:entity/*', { entity: 'oidc' })).toBe('owner');
  expect(needed('POST', '/admin/v1/erasures')).toBe('owner');
});

test('a path is known by its route, however it is written, and without one by its text', () => {
  expect(needed('DELETE', '/admin/v1/:entity/*', { url: '/%61dmin/v1/keys/x', entity: 'keys' })).toBe('operator');
  expect(needed('POST', undefined, { url: '/admin/v2/x' })).toBe('operator');
  expect(needed('GET', '/admin/v1/login')).toBeNull();
  expect(needed('GET', '/admin/v1/:entity', { url: '/admin/v1/login', entity: 'x' })).toBe('auditor');
});
