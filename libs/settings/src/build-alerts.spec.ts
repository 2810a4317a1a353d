// Rules of the section `alerts`, and of what a budget says of its thresholds.
import { describe, expect, test } from '@jest/globals';
import { alertType } from '@libs/events/alert-events';
import type { DesiredConfig } from '@libs/governance/desired-config';
import { problemText } from './config-problem';
import { parseConfig } from './parse-config';

const environment = { KEY: 'hf-key-0123456789abcdef' };

function parsed(text: string): DesiredConfig | string {
  const result = parseConfig(text, { environment, nowMs: 0 });
  return result.ok ? result.config : result.problems.map(problemText).join('\n');
}
const accepted = (text: string): DesiredConfig => {
  const config = parsed(text);
  if (typeof config === 'string') throw new Error(config);
  return config;
};

describe('alerts in holdfast.yaml', () => {
  test('name where operators are told, all types where none is said', () => {
    const { alert_endpoints: endpoints, settings } = accepted(`alerts:
  key_expiring_days: [30, 0.5]
  outcome_unknown_after_s: 60
  webhooks:
    - { url: "https://ops.example/hook" }
    - { endpoint: whe_0123, events: [budget.threshold] }
`);
    expect(endpoints).toEqual([
      { endpoint: expect.stringMatching(/^whe_[0-9a-f]{24}$/), url: 'https://ops.example/hook', events: alertType.options },
    ]);
    expect(settings).toEqual({
      webhooks_allow_private: false,
      alerts: {
        key_expiring_ms: [2_592_000_000, 43_200_000], outcome_unknown_after_ms: 60_000,
        endpoints: [
          { endpoint: endpoints![0]!.endpoint, events: alertType.options },
          { endpoint: 'whe_0123', events: ['budget.threshold'] },
        ],
      },
    });
  });

  test('keep the defaults for what is not said, and an endpoint its id', () => {
    const once = accepted('alerts: { webhooks: [{ url: "https://ops.example/hook" }] }');
    const twice = accepted('alerts: { webhooks: [{ url: "https://ops.example/hook", events: [key.expiring] }] }');
    expect(once.settings?.alerts).toMatchObject({
      key_expiring_ms: [604_800_000, 86_400_000], outcome_unknown_after_ms: 300_000,
    });
    expect(twice.alert_endpoints![0]!.endpoint).toBe(once.alert_endpoints![0]!.endpoint);
    expect(accepted('webhooks: { allow_private: true }').settings).toEqual({ webhooks_allow_private: true });
  });

  test.each([
    ['an unknown type', 'alerts: { webhooks: [{ url: "https://a.example", events: [budget.soon] }] }', 'events'],
    ['both ways to name it', 'alerts: { webhooks: [{ url: "https://a.example", endpoint: whe_1 }] }', 'needs either url or endpoint'],
    ['no way to name it', 'alerts: { webhooks: [{ events: [key.expiring] }] }', 'needs either url or endpoint'],
    ['one twice', 'alerts: { webhooks: [{ url: "https://a.example" }, { url: "https://a.example" }] }', 'there twice'],
    ['another protocol', 'alerts: { webhooks: [{ url: "ftp://a.example" }] }', 'url'],
    ['a customer with the name of nobody', 'customers: [{ id: system }]', 'stands for what belongs to no customer'],
    ['a threshold of nothing', 'customers: [{ id: a, budgets: [{ limit_usd: 1, window: day, alert_at: [0] }] }]', 'alert_at'],
  ])('refuse %s', (_, text, words) => {
    expect(parsed(text)).toEqual(expect.stringContaining(words));
  });
});

describe('a budget', () => {
  test('may be soft, and has its thresholds in order, each once', () => {
    const { limits } = accepted(`customers:
  - id: acme
    budgets:
      - { limit_usd: 1, window: day, soft: true, alert_at: [150, 100, 100] }
      - { limit_usd: 2, window: day, soft: false }
`);
    expect(limits![0]!.budgets).toMatchObject([{ soft: true, alert_at: [100, 150] }, {}]);
    expect(limits![0]!.budgets[1]).not.toHaveProperty('soft');
    expect(limits![0]!.budgets[1]).not.toHaveProperty('alert_at');
  });
});
