// Rules of operators' webhook endpoints as the file has them, and of the settings of alerts.
import { describe, expect, test } from '@jest/globals';
import { type EventDraft, stamp } from '@libs/events/envelope';
import { defaultAlerts } from './alert-settings';
import { diffConfig } from './apply-config';
import { type DesiredConfig, emptyConfig } from './desired-config';
import { evolveGovernance } from './evolve';
import { type GovernanceState, initialGovernance } from './state';

type Events = NonNullable<DesiredConfig['settings']>['alerts'];
const told = (endpoint: string, events: NonNullable<Events>['endpoints'][number]['events']): DesiredConfig => ({
  ...emptyConfig,
  alert_endpoints: [{ endpoint, url: `https://${endpoint}.example`, events }],
  settings: {
    webhooks_allow_private: false, alerts: { ...defaultAlerts, endpoints: [{ endpoint, events }] },
  },
});
function fold(drafts: readonly EventDraft[], from: GovernanceState = initialGovernance): GovernanceState {
  return drafts.reduce((state, draft, index) =>
    evolveGovernance(state, stamp(draft, `e${index}`, 0), state.sequence + 1), from);
}
const apply = (config: DesiredConfig, from?: GovernanceState): GovernanceState =>
  fold(diffConfig(from ?? initialGovernance, config, 0).events, from);
const types = (config: DesiredConfig, from: GovernanceState): string[] =>
  diffConfig(from, config, 0).events.map(({ type }) => type);

describe('an endpoint of the file', () => {
  const config = told('whe_a', ['budget.threshold']);
  const applied = apply(config);

  test('is made once, for nobody in particular', () => {
    expect(applied.endpoints.get('whe_a')).toMatchObject({
      tenant: 'system', url: 'https://whe_a.example', generation: 1, state: 'active', events: ['budget.threshold'],
    });
    expect(applied.alerts.endpoints).toEqual([{ endpoint: 'whe_a', events: ['budget.threshold'] }]);
    expect(types(config, applied)).toEqual([]);
  });

  test('is told of other types when the file says so, with the same secret', () => {
    const changed = told('whe_a', ['key.expiring']);
    expect(types(changed, applied)).toEqual(['WebhookEndpointChanged', 'SettingsChanged']);
    const after = apply(changed, applied);
    expect(after.endpoints.get('whe_a')).toMatchObject({ events: ['key.expiring'], generation: 1 });
  });

  test('that is taken out is gone, and has another secret when it comes again', () => {
    const without = apply(emptyConfig, applied);
    expect(without.endpoints.get('whe_a')?.state).toBe('deleted');
    expect(without.alerts).toEqual(defaultAlerts);
    expect(apply(config, without).endpoints.get('whe_a')).toMatchObject({ state: 'active', generation: 2 });
  });

  test('that its receiver had disabled stays so', () => {
    const disabled = fold([{
      type: 'WebhookEndpointChanged', subject: 'whe_a', tenant: 'system',
      data: { endpoint: 'whe_a', state: 'disabled', origin: 'system' },
    }], applied);
    expect(types(config, disabled)).toEqual([]);
  });
});

test('an endpoint that is named and not there is a conflict', () => {
  const config: DesiredConfig = {
    ...emptyConfig,
    settings: {
      webhooks_allow_private: false, alerts: { ...defaultAlerts, endpoints: [{ endpoint: 'whe_x', events: ['key.expiring'] }] },
    },
  };
  expect(diffConfig(initialGovernance, config, 0).conflicts).toEqual([
    { entity: 'webhook', id: 'whe_x', message: 'there is no webhook endpoint whe_x' },
  ]);
});
