// Customers, teams and keys of a file: what they may do, and every way in which that can be wrong,
// said with file, line and field.
import { describe, expect, test } from '@jest/globals';
import { formatKey, keyBytes } from '@libs/governance/key-format';
import { problemText } from './config-problem';
import { parseConfig } from './parse-config';

const made = formatKey(new Uint8Array(keyBytes).fill(7));
const environment = {
  SIM: 'sk-sim', A: 'first-client-key-1234', B: 'second-client-key-123', SHORT: 'abc123',
  WEAK: 'aaaaaaaaabbbbbbbbbb', MADE: made, SLIP: `${made.slice(0, 20)}${made[20] === 'x' ? 'y' : 'x'}${made.slice(21)}`,
};
const providers = `providers:
  - { id: openai, type: openai, api_key: env:SIM, models: [gpt-4o, gpt-4o-mini, "o3*"] }
routes:
  - { model: chat, targets: [{ provider: openai, model: gpt-4o }] }
`;
const parse = (customers: string, head = providers) =>
  parseConfig(`${head}customers:\n${customers}`, { environment, nowMs: 0 });
function problems(customers: string, head = providers): string[] {
  const parsed = parse(customers, head);
  return parsed.ok ? [] : parsed.problems.map(problemText);
}

describe('customers, teams and keys', () => {
  test('take rules, parameters, metadata and a state at every level', () => {
    const parsed = parse(`  - id: acme
    denied_models: "o3*"
    metadata: { tier: gold }
    teams:
      - id: search
        state: suspended
        suspended_reason: unpaid since March
        params: { max_tokens: 1000, temperature: { max: 1 }, refuse: logit_bias, clamp: true }
        keys:
          - { id: k1, value: env:MADE, models: ["gpt-*", chat], denied_providers: [], overlap_s: 3600 }
`);
    if (!parsed.ok) throw new Error(parsed.problems.map(problemText).join('\n'));
    expect(parsed.config.customers).toEqual([
      { customer: 'acme', name: null, weight: 1, denied_models: ['o3*'], metadata: { tier: 'gold' } },
    ]);
    expect(parsed.config.teams[0]?.params).toEqual({
      max_tokens: 1000, temperature: { min: 0, max: 1 }, refused: ['logit_bias'], clamp: true,
    });
    expect(parsed.config.suspensions).toEqual([
      { level: 'team', id: 'search', customer: 'acme', reason: 'unpaid since March' },
    ]);
    expect(parsed.config.keys[0]).toMatchObject({ models: ['gpt-*', 'chat'], overlap_s: 3600 });
    expect(parsed.config.keys[0]).not.toHaveProperty('denied_providers');
  });

  test('say nothing where nothing is said, as before', () => {
    const parsed = parse('  - { id: acme, teams: [{ id: t }] }\n');
    expect(parsed).toMatchObject({ ok: true, config: {
      customers: [{ customer: 'acme', name: null, weight: 1 }],
      teams: [{ team: 't', customer: 'acme', name: null }],
    } });
    expect(parsed.ok && parsed.config).not.toHaveProperty('suspensions');
  });
});

describe('what is refused, with its place', () => {
  test.each([
    ['a glob that matches nothing', '  - id: acme\n    models: [gpt-4o-mni]\n',
      'holdfast.yaml:7: customers[0].models: "gpt-4o-mni" matches no model that a provider lists and no route; did you mean "gpt-4o-mini"?'],
    ['a denied glob that matches nothing', '  - id: acme\n    teams:\n      - id: t\n        denied_models: ["claude-*"]\n',
      'holdfast.yaml:9: customers[0].teams[0].denied_models: "claude-*" matches no model that a provider lists and no route'],
    ['a provider that is not there', '  - id: acme\n    denied_providers: [opnai]\n',
      'holdfast.yaml:7: customers[0].denied_providers: "opnai" matches no provider; there is openai; did you mean "openai"?'],
    ['a budget for models that are not there', '  - id: acme\n    budgets:\n      - { limit_usd: 5, window: day, models: ["gemini-*"] }\n',
      'holdfast.yaml:8: customers[0].budgets[0].models: "gemini-*" matches no model that a provider lists and no route'],
    ['a bound of calls under way for models that are not there', '  - id: acme\n    rate_limits:\n      - { concurrent: 5, models: ["gemini-*"] }\n',
      'holdfast.yaml:8: customers[0].rate_limits: "gemini-*" matches no model that a provider lists and no route'],
    ['what contradicts itself', '  - id: acme\n    models: [chat, gpt-4o]\n    denied_models: ["gpt-*"]\n',
      'holdfast.yaml:8: customers[0].denied_models: "gpt-*" denies what models allows ("gpt-4o")'],
    ['a key that could do nothing', '  - id: acme\n    denied_models: ["gpt-*"]\n    keys:\n      - { id: k, value: env:A, models: [gpt-4o] }\n',
      'holdfast.yaml:9: customers[0].keys[0].models: all of it is denied by customer acme'],
    ['everything denied', '  - id: acme\n    denied_models: ["*"]\n',
      'holdfast.yaml:7: customers[0].denied_models: "*" denies everything; write state: suspended to stop it'],
    ['a state that is none', '  - id: acme\n    state: supended\n',
      'holdfast.yaml:7: customers[0].state: "supended" is not one of active, suspended; did you mean "suspended"?'],
    ['a suspension without a reason', '  - id: acme\n    state: suspended\n',
      'holdfast.yaml:7: customers[0].state: say why in suspended_reason: whoever is stopped is told'],
    ['a reason without a suspension', '  - id: acme\n    suspended_reason: x\n',
      'holdfast.yaml:6: customers[0].state: suspended_reason goes with state: suspended'],
    ['a range upside down', '  - id: acme\n    params: { temperature: { min: 1, max: 0.5 } }\n',
      'holdfast.yaml:7: customers[0].params.temperature: min (1) is above max (0.5)'],
    ['a cap of nothing', '  - id: acme\n    params: { max_tokens: 0 }\n',
      'holdfast.yaml:7: customers[0].params.max_tokens: write a whole number above 0'],
    ['a parameter that every request has', '  - id: acme\n    params: { refuse: [messages] }\n',
      'holdfast.yaml:7: customers[0].params.refuse: "messages" is in every request; write state: suspended to stop it'],
    ['metadata that is too big', `  - id: acme\n    metadata: { a: "${'x'.repeat(5_000)}" }\n`,
      'holdfast.yaml:7: customers[0].metadata: metadata is too big: up to 64 entries in 4096 letters'],
    ['a key that is too short', '  - id: acme\n    keys:\n      - { id: k, value: env:SHORT }\n',
      'holdfast.yaml:8: customers[0].keys[0].value: this key is too short to be safe: at least 16 letters'],
    ['a key that is too weak', '  - id: acme\n    keys:\n      - { id: k, value: env:WEAK }\n',
      'holdfast.yaml:8: customers[0].keys[0].value: this key is too weak: it has fewer than 6 different letters'],
    ['a key that was mistyped', '  - id: acme\n    keys:\n      - { id: k, value: env:SLIP }\n',
      'holdfast.yaml:8: customers[0].keys[0].value: this looks like a key that Holdfast made, and its checksum does not fit: it was mistyped'],
    ['the same value twice', '  - id: acme\n    keys:\n      - { id: k, value: env:A }\n      - { id: l, value: env:A }\n',
      'holdfast.yaml:9: customers[0].keys[1].value: is also the value of key k'],
    ['the same id twice', '  - id: acme\n    keys:\n      - { id: k, value: env:A }\n      - { id: k, value: env:B }\n',
      'holdfast.yaml:9: customers[0].keys[1].id: there is another key "k" in this file'],
    ['a team beside its customers', '  - id: acme\n    team: search\n',
      'holdfast.yaml:7: customers[0].team: unknown field; did you mean "teams"?'],
    ['a field of another name', '  - id: acme\n    keys:\n      - { id: k, value: env:A, denied_model: [gpt-4o] }\n',
      'holdfast.yaml:8: customers[0].keys[0].denied_model: unknown field; did you mean "denied_models"?'],
  ])('%s', (_what, customers, message) => {
    expect(problems(customers)).toEqual([message]);
  });

  test('no name is called unknown where a provider takes any model', () => {
    const open = providers.replace('[gpt-4o, gpt-4o-mini, "o3*"]', '["*"]');
    expect(problems('  - { id: acme, models: [whatever-9] }\n', open)).toEqual([]);
    expect(problems('  - { id: acme, models: [whatever-9] }\n', '')).toEqual([]);
  });
});
