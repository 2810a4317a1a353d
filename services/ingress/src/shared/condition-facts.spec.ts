import { describe, expect, it } from '@jest/globals';
import { stamp } from '@libs/events/envelope';
import { evolveGovernance } from '@libs/governance/evolve';
import { type GovernanceState, initialGovernance } from '@libs/governance/state';
import { conditionFacts } from './condition-facts';

function withConditions(...conditions: string[]): GovernanceState {
  const rules = conditions.map((when, index) => (
    { name: `r${index}`, when, targets: [{ provider: 'p', model: 'm', weight: 1 }] }
  ));
  return evolveGovernance(initialGovernance, stamp({
    type: 'RouteConfigured', subject: 'chat', tenant: 'system',
    data: {
      model: 'chat', strategy: 'weighted', targets: [{ provider: 'p', model: 'm', weight: 1 }], rules,
      fallbacks: { default: [], context_too_long: [], content_filter: [] }, drop_params: false, origin: 'api',
    },
  }, 'e', 0), 1);
}

describe('facts for conditions', () => {
  it('are none while no route has conditions', () => {
    expect(conditionFacts(initialGovernance, { temperature: 1 }, {})).toBeNull();
  });

  it('are plain fields of the body, without what people wrote', () => {
    const body = {
      model: 'chat', temperature: 0.5, stream: true, user: 'u1', prompt: 'secret', messages: [{ role: 'user' }],
      long: 'x'.repeat(500),
    };
    expect(conditionFacts(withConditions('true'), body, {})).toEqual({
      request: { model: 'chat', temperature: 0.5, stream: true, user: 'u1' }, headers: {},
    });
  });

  it('have the headers that conditions name, and never credentials', () => {
    const state = withConditions('headers["X-App"] == "a" || headers.region == "eu"', 'headers["authorization"] != ""');
    const headers = { 'x-app': 'a', region: 'eu', authorization: 'Bearer hf', other: 'x' };
    expect(conditionFacts(state, {}, headers)?.headers).toEqual({ 'x-app': 'a', region: 'eu' });
  });
});
