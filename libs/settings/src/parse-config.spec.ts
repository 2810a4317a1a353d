// Rules of holdfast.yaml: what it takes, and how it says what is wrong.
import { describe, expect, test } from '@jest/globals';
import type { DesiredConfig } from '@libs/governance/desired-config';
import { desiredConfig } from '@libs/governance/desired-config';
import { parseConfig, type ParseOptions } from './parse-config';
import { problemText } from './config-problem';

const environment = {
  OPENAI_API_KEY: 'sk-openai', OPENAI_API_KEY_2: 'sk-openai-2', ANTHROPIC_API_KEY: 'sk-ant',
  SEARCH_KEY: 'hf-search-0123456789', SHARE: '70', NAME: 'Acme',
};
const options: ParseOptions = { environment, nowMs: Date.parse('2026-11-01T00:00:00Z') };

const smallest = `providers:
  - id: openai-gpt4o
    type: openai
    api_key: \${{OPENAI_API_KEY}}
    weight: 70
    fallback: true
  - id: anthropic-claude35
    type: anthropic
    api_key: \${{ANTHROPIC_API_KEY}}
    weight: 30
    fallback: true
`;

const full = `providers:
  - id: openai
    type: openai
    base_url: https://api.openai.com/v1
    models: ["gpt-4o", "gpt-4o-mini"]
    keys:
      - { name: main, value: "\${OPENAI_API_KEY}", weight: 2, max_in_flight: 200 }
      - { name: spare, value: "\${OPENAI_API_KEY_2}", weight: 1, models: ["gpt-4o-mini"] }
    timeouts: { connect_ms: 5000, first_token_ms: 120000, stall_ms: 30000, total_ms: 600000 }
  - id: anthropic
    type: anthropic
    api_key: env:ANTHROPIC_API_KEY
routes:
  - model: chat
    strategy: weighted
    targets:
      - { provider: openai, model: gpt-4o, weight: 70 }
      - { provider: anthropic, model: claude-sonnet-4-5, weight: 30 }
    fallbacks: { default: ["openai/gpt-4o-mini"], context_too_long: [], content_filter: [] }
customers:
  - id: acme
    name: \${NAME}
    teams:
      - id: search
        keys:
          - { id: search-prod, value: "\${SEARCH_KEY}", models: ["chat"] }
webhooks: { allow_private: false }
`;

function accepted(text: string): DesiredConfig {
  const parsed = parseConfig(text, options);
  if (!parsed.ok) throw new Error(parsed.problems.map(problemText).join('\n'));
  return parsed.config;
}

function refused(text: string): string[] {
  const parsed = parseConfig(text, options);
  return parsed.ok ? [] : parsed.problems.map(problemText);
}

describe('holdfast.yaml', () => {
  test('works in its smallest form, secrets as references', () => {
    const config = accepted(smallest);
    expect(config.providers.map(({ provider, weight, keys }) => [provider, weight, keys[0]?.secret]))
      .toEqual([
        ['openai-gpt4o', 70, 'env:OPENAI_API_KEY'],
        ['anthropic-claude35', 30, 'env:ANTHROPIC_API_KEY'],
      ]);
    expect(config.providers.map((provider) => provider.default_model))
      .toEqual(['gpt-4o-mini', 'claude-sonnet-4-5']);
    expect(JSON.stringify(config)).not.toContain('sk-');
  });

  test('works in its full form and fits what the administration takes', () => {
    const config = accepted(full);
    expect(desiredConfig.parse(config)).toEqual(config);
    expect(config.customers).toEqual([{ customer: 'acme', name: 'Acme', weight: 1 }]);
    expect(config.keys[0]).toMatchObject({
      key: 'search-prod', customer: 'acme', team: 'search', models: ['chat'], visibility: 'team',
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(JSON.stringify(config)).not.toContain('hf-search-0123456789');
  });

  test('prices what it names from the catalogue, exactly', () => {
    const price = accepted(full).prices.find(({ model }) => model === 'gpt-4o-mini');
    expect(price).toMatchObject({ provider: 'openai', source: 'genai-prices' });
    // USD 0.15, 0.075 and 0.60 per million tokens.
    expect(price?.price).toMatchObject({
      input_per_token: '150000', cached_input_per_token: '75000', output_per_token: '600000',
    });
  });

  test('takes prices of its own before the catalogue\'s', () => {
    const text = `${full}prices:\n  - { provider: openai, model: gpt-4o, input_usd_per_mtok: 1.5,`
      + ' output_usd_per_mtok: "7", usd_per_request: 0.001 }\n';
    const prices = accepted(text).prices.filter(({ model }) => model === 'gpt-4o');
    expect(prices).toHaveLength(1);
    expect(prices[0]).toMatchObject({
      source: 'holdfast.yaml',
      price: { input_per_token: '1500000', output_per_token: '7000000', per_request: '1000000000' },
    });
  });

  test('fills numbers and texts from the environment', () => {
    const text = smallest.replace('weight: 70', 'weight: ${SHARE}');
    expect(accepted(text).providers[0]?.weight).toBe(70);
  });

  test('an own server needs no key', () => {
    const text = 'providers:\n  - { id: local, type: openai, base_url: "http://127.0.0.1:11434/v1/" }\n';
    expect(accepted(text).providers[0]).toMatchObject({
      base_url: 'http://127.0.0.1:11434/v1', default_model: null, models: ['*'],
      keys: [{ name: 'main', secret: null }],
    });
  });

  test('gemini is reached by its OpenAI-compatible API', () => {
    const text = smallest.replace('type: openai', 'type: gemini');
    expect(accepted(text).providers[0]).toMatchObject({
      kind: 'openai', base_url: 'https://generativelanguage.googleapis.com/v1beta/openai',
    });
  });
});

describe('a wrong holdfast.yaml', () => {
  test('an unknown field is named with file, line and the nearest right name', () => {
    expect(refused(smallest.replace('    weight: 30', '    wieght: 30'))).toEqual([
      'holdfast.yaml:10: providers[1].wieght: unknown field; did you mean "weight"?',
    ]);
  });

  test('a wrong value is named with what is right', () => {
    expect(refused(smallest.replace('type: anthropic', 'type: antropic'))[0])
      .toMatch(/^holdfast.yaml:8: providers\[1\].type: .*did you mean "anthropic"\?$/);
    expect(refused(smallest.replace('weight: 30', 'weight: much'))[0])
      .toMatch(/^holdfast.yaml:10: providers\[1\].weight: expected number/);
  });

  test('a missing variable is named with the nearest one that is set', () => {
    expect(refused(smallest.replace('{{OPENAI_API_KEY}}', '{{OPENAI_API_KY}}'))).toEqual([
      'holdfast.yaml:4: providers[0].api_key: the environment variable OPENAI_API_KY is not set; '
      + 'did you mean OPENAI_API_KEY?',
    ]);
  });

  test('a literal secret is refused with the way to mend it, and not repeated', () => {
    const [problem] = refused(smallest.replace('${{OPENAI_API_KEY}}', 'sk-live-secret'));
    expect(problem).toContain('holdfast.yaml:4: providers[0].api_key: ');
    expect(problem).toContain('${OPENAI_GPT4O_API_KEY}');
    expect(problem).not.toContain('sk-live-secret');
  });

  test('a secret is one whole reference', () => {
    const text = smallest.replace('${{OPENAI_API_KEY}}', 'x-${{OPENAI_API_KEY}}');
    expect(refused(text)[0]).toContain('one whole ${NAME}');
  });

  test('all problems are told at once, in the order of the file', () => {
    const text = smallest.replace('id: openai-gpt4o', 'id: "a/b"')
      .replace('weight: 70', 'weight: -1').replace('fallback: true', 'fallbck: true')
      .replace('type: anthropic', 'type: bedrock');
    const lines = refused(text).map((problem) => Number(problem.split(':')[1]));
    expect(lines).toEqual([2, 5, 6, 8]);
  });

  test('limits that nobody enforces are refused, not accepted in silence', () => {
    for (const field of ['cache: {}', 'guardrails: []', 'audit: {}']) {
      expect(refused(`${smallest}${field}\n`)[0]).toMatch(/not (enforced|available) in this version/);
    }
  });

  test('budgets and rate limits of customers, teams and keys are taken', () => {
    const text = full
      .replace('    name: ${NAME}\n', '    max_concurrent: 5\n    budgets: [{ limit_usd: 500, window: month, calendar: true }]\n')
      .replace('      - id: search\n', '      - id: search\n        budgets: [{ limit_usd: "0.5", window: total, calendar: true, models: gpt-*, providers: [openai] }]\n')
      .replace('models: ["chat"] }', 'models: ["chat"], rate_limits: [{ requests: 600, tokens: 9, window: minute }] }');
    const config = accepted(text);
    expect(desiredConfig.parse(config)).toEqual(config);
    expect(config.limits).toEqual([
      {
        customer: 'acme', level: 'customer', id: 'acme', rate_limits: [], max_concurrent: 5,
        budgets: [{ limit_pico_usd: '500000000000000', window: 'month', calendar: true, models: [], providers: [] }],
      },
      {
        customer: 'acme', level: 'team', id: 'search', rate_limits: [], max_concurrent: null,
        // What never ends does not begin anew.
        budgets: [{ limit_pico_usd: '500000000000', window: 'total', calendar: false, models: ['gpt-*'], providers: ['openai'] }],
      },
      {
        customer: 'acme', level: 'key', id: 'search-prod', budgets: [], max_concurrent: null,
        rate_limits: [{ requests: 600, tokens: 9, window: 'minute', models: [] }],
      },
    ]);
  });

  test.each([
    ['{ limit_usd: -1, window: day }', 'customers[0].budgets[0].limit_usd: write an amount in USD that is not negative'],
    ['{ limit_usd: "5 EUR", window: day }', 'customers[0].budgets[0].limit_usd: write an amount in USD'],
    ['{ limit_usd: 5, window: day, currency: EUR }', 'customers[0].budgets[0].currency: amounts are in USD'],
    ['{ limit_usd: 5, window: fortnight }', 'customers[0].budgets[0].window: "fortnight" is not one of minute, hour, day'],
    ['{ limit_usd: 5, window: mont }', 'did you mean "month"?'],
    ['{ window: day }', 'customers[0].budgets[0].limit_usd: is required'],
    ['{ limit_usd: 5, window: day, providers: [opnai] }', 'customers[0].budgets[0].providers: there is no provider "opnai" in this file; did you mean "openai"?'],
  ])('a budget %s is refused with its place', (budget, message) => {
    const [problem] = refused(full.replace('    name: ${NAME}\n', `    budgets: [${budget}]\n`));
    expect(problem).toMatch(/^holdfast.yaml:22: /);
    expect(problem).toContain(message);
  });

  test('a rate limit of nothing, and limits of nobody, are refused', () => {
    const [problem] = refused(full.replace('    name: ${NAME}\n', '    rate_limits: [{ window: minute }]\n'));
    expect(problem).toContain('customers[0].rate_limits[0]: needs requests, tokens, input_tokens, output_tokens or concurrent');
    expect(refused(`${smallest}budgets: []\n`)[0]).toContain('budgets stand at customers, teams and keys');
  });

  test('routing takes health rules, probes, limits of keys, rules with conditions, hedging and retries', () => {
    const text = full
      .replace('max_in_flight: 200', 'rpm: 5000, tpm: 2000000')
      .replace('    type: anthropic\n', '    type: anthropic\n    health: { open_ms: 1000 }\n    probes: { every_ms: 5000 }\n')
      .replace('    fallbacks: {', `    hedge: { percent: 5 }
    continue_on_break: true
    retries: { same_target: 1 }
    rules:
      - { name: gold, when: 'metadata.tier == "gold"', strategy: fastest, targets: [{ provider: openai, model: gpt-4o }] }
    fallbacks: {`) + 'health: { failure_share: 0.3, open_ms: 9000 }\n';
    const { providers, routes } = accepted(text);
    expect(providers[0]).toMatchObject({
      health: { failure_share: 0.3, open_ms: 9000 }, keys: [{ rpm: 5000, tpm: 2_000_000 }, {}],
    });
    expect(providers[1]).toMatchObject({
      health: { failure_share: 0.3, open_ms: 1000 }, probes: { every_ms: 5000, idle_ms: 60_000, model: null },
    });
    expect(routes[0]).toMatchObject({
      hedge: { percent: 5, after_ms: null }, continue_on_break: true, retries: { same_target: 1, attempts_max: 8 },
      rules: [{ name: 'gold', strategy: 'fastest', targets: [{ weight: 1 }] }],
    });
  });

  test('how a server goes on with an answer is taken, and refused for OpenAI', () => {
    const own = 'providers: [{ id: own, type: openai, base_url: "http://vllm:8000/v1", continues: continue_final_message }]\n';
    expect(accepted(own).providers[0]).toMatchObject({ continues: 'continue_final_message' });
    const theirs = full.replace('    type: openai\n', '    type: openai\n    continues: prefix\n');
    expect(refused(theirs)[0]).toContain('OpenAI does not go on with an answer');
  });

  test('a condition that is none, and a rule for a provider that is not there, are named', () => {
    const rule = (when: string, provider: string): string => full.replace('    strategy: weighted\n', `    rules: [{ name: r, when: '${when}', targets: [{ provider: ${provider}, model: m }] }]\n`);
    expect(refused(rule('metadata.tier ==', 'openai'))[0]).toContain('is not a condition in CEL');
    expect(refused(rule('true', 'opnai'))[0]).toContain('did you mean "openai"?');
  });

  test('types that do not exist yet are named with what to do instead', () => {
    const problems = refused(smallest.replace('type: openai', 'type: azure'));
    expect(problems[0]).toContain('base_url: https://<resource>.openai.azure.com/openai/v1');
  });

  test('a target must be a provider of the file', () => {
    expect(refused(full.replace('provider: anthropic', 'provider: anthropc'))[0])
      .toContain('there is no provider "anthropc" in this file; did you mean "anthropic"?');
    expect(refused(full.replace('"openai/gpt-4o-mini"]', '"opnai/gpt-4o-mini"]'))[0])
      .toContain('there is no provider "opnai"');
  });

  test('an id is given once, a provider has one kind of keys, a client key is long enough', () => {
    expect(refused(smallest.replace('id: anthropic-claude35', 'id: openai-gpt4o'))[0])
      .toContain('there is another provider "openai-gpt4o"');
    expect(refused(smallest.replace('    weight: 70', '    keys: [{ value: "env:OPENAI_API_KEY" }]'))[0])
      .toContain('either api_key or keys');
    const short = parseConfig(full, { environment: { ...environment, SEARCH_KEY: 'hf-1' } });
    expect(short.ok ? [] : short.problems.map(problemText)[0]).toContain('too short');
  });

  test('what is not YAML is named by line', () => {
    expect(refused('providers:\n  - id: [a\n')[0]).toMatch(/^holdfast.yaml:\d+: not YAML/);
  });

  test('a required field that is missing is named', () => {
    expect(refused('providers:\n  - id: a\n')[0]).toBe('holdfast.yaml:2: providers[0].type: is required');
  });
});

describe('governance', () => {
  test('says when a hold of unknown end is written off: seconds, or never', () => {
    const settings = (value: string): DesiredConfig['settings'] =>
      accepted(`${smallest}governance: { write_off_after_s: ${value} }\n`).settings;
    expect(settings('60')).toEqual({ webhooks_allow_private: false, write_off_after_s: 60 });
    expect(settings('never')).toEqual({ webhooks_allow_private: false, write_off_after_s: null });
    expect(parseConfig(`${smallest}governance: { write_off_after_s: 0 }\n`, options).ok).toBe(false);
  });
});
