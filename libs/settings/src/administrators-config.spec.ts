// Rules of what holdfast.yaml says of who may administer.
import { describe, expect, test } from '@jest/globals';
import { desiredConfig } from '@libs/governance/desired-config';
import { parseConfig } from './parse-config';
import { problemText } from './config-problem';

const smallest = 'providers:\n  - { id: openai, type: openai, api_key: "env:OPENAI_API_KEY" }\n';

describe('who may administer', () => {
  const token = 'hfa_0123456789012345678901234567890123456789';
  const read = (text: string) => parseConfig(`${smallest}${text}`, {
    environment: { OPENAI_API_KEY: 'sk-openai', ANN: token, SHORT: 'too-short', OIDC: 's' },
    nowMs: Date.parse('2026-11-01T00:00:00Z'),
  });
  const problem = (text: string): string => {
    const parsed = read(text);
    return parsed.ok ? '' : parsed.problems.map(problemText).join('\n');
  };

  test('is named with a role and a token, of which only the hash is kept', () => {
    const parsed = read('administrators:\n  - { id: ann, role: operator, token: "env:ANN", expires_at: 2030-01-31 }\n');
    const config = parsed.ok ? parsed.config : null;
    expect(config?.administrators).toMatchObject([
      { administrator: 'ann', role: 'operator', hint: 'hfa_0123…', expires_at_ms: Date.parse('2030-01-31') },
    ]);
    expect(JSON.stringify(config)).not.toContain(token);
    expect(desiredConfig.parse(config)).toEqual(config);
  });

  test('is told what is wrong', () => {
    expect(problem('administrators: [{ id: admin, role: owner, token: "env:ANN" }]')).toContain('HOLDFAST_ADMIN_TOKEN');
    expect(problem('administrators: [{ id: a, role: boss, token: "env:ANN" }]')).toContain('administrators[0].role');
    expect(problem('administrators: [{ id: a, role: owner, token: "env:SHORT" }]')).toContain('at least 32 letters');
    expect(problem('administrators: [{ id: a, role: owner, token: hfa_literal }]')).toContain('export A_ADMIN_TOKEN=');
    expect(problem('administrators: [{ id: a, role: owner, token: "env:ANN" }, { id: a, role: owner, token: "env:ANN" }]'))
      .toContain('another administrator "a"');
  });

  test('comes from logins of one issuer, whose claims are mapped to roles', () => {
    const parsed = read('oidc: { issuer: "https://login.example.com", client_id: hf, client_secret: "env:OIDC", roles: { sre: operator } }\n');
    expect(parsed.ok && parsed.config.oidc).toEqual({
      issuer: 'https://login.example.com', audience: 'hf', client_id: 'hf', client_secret: 'env:OIDC',
      roles_claim: 'roles', roles: { sre: 'operator' }, scopes: 'openid email',
    });
    expect(problem('oidc: { issuer: "http://login.example.com", client_id: hf, roles: { a: owner } }')).toContain('use https');
    expect(problem('oidc: { issuer: "https://login.example.com", roles: { a: owner } }')).toContain('name the audience');
    expect(problem('oidc: { issuer: "https://login.example.com", client_id: hf, roles: {} }')).toContain('at least one value');
  });
});
