import { describe, expect, test } from '@jest/globals';
import { contentPolicies, type ContentRules } from '@libs/events/content-rules';
import { stamp } from '@libs/events/envelope';
import { diffConfig } from './apply-config';
import { contentTreatment } from './content-policy';
import { emptyConfig } from './desired-config';
import { evolveGovernance } from './evolve';
import { type GovernanceState, initialGovernance } from './state';

interface Given {
  readonly everything?: ContentRules;
  readonly customer?: ContentRules;
  readonly route?: ContentRules;
}

/** Configured as by holdfast.yaml, folded from its events. */
function given({ everything, customer, route }: Given, before = initialGovernance): GovernanceState {
  const { events } = diffConfig(before, {
    ...emptyConfig,
    customers: [{ customer: 'acme', name: null, weight: 1, ...(customer && { content: customer }) }],
    routes: [{
      model: 'fast', strategy: 'weighted', targets: [{ provider: 'p', model: 'm', weight: 1 }],
      fallbacks: { default: [], context_too_long: [], content_filter: [] }, drop_params: false,
      ...(route && { content: route }),
    }],
    settings: everything === undefined
      ? null : { webhooks_allow_private: false, content: everything },
  }, 1);
  return events.reduce((state, draft, index) =>
    evolveGovernance(state, stamp(draft, `e${index}`, 1), before.sequence + index + 1), before);
}

const treatment = (state: GovernanceState, model = 'fast', tenant = 'acme'): unknown[] => {
  const { policy, keepDays, masksSecrets } = contentTreatment(state, tenant, model);
  return [policy, keepDays, masksSecrets];
};

describe('what is kept of content', () => {
  test('everything, when nothing is said', () => {
    expect(treatment(given({}))).toEqual(['full', null, false]);
  });

  test('of every two policies the stricter one wins, wherever each is said', () => {
    for (const [rank, policy] of contentPolicies.entries()) {
      for (const [otherRank, other] of contentPolicies.entries()) {
        const stricter = contentPolicies[Math.max(rank, otherRank)];
        for (const places of [
          { everything: { policy }, customer: { policy: other } },
          { customer: { policy }, route: { policy: other } },
          { route: { policy }, everything: { policy: other } },
        ]) expect(treatment(given(places))[0]).toBe(stricter);
      }
    }
  });

  test('the smallest number of days wins, and none at all is the largest', () => {
    const state = given({ everything: { keep_days: 30 }, customer: { keep_days: 90 }, route: {} });
    expect(treatment(state)).toEqual(['full', 30, false]);
    expect(treatment(given({ route: { keep_days: 7 }, customer: { keep_days: 90 } }))[1]).toBe(7);
  });

  test('secrets are masked as soon as one place says so', () => {
    const state = given({ everything: { mask_secrets: false }, route: { mask_secrets: true } });
    expect(treatment(state)).toEqual(['full', null, true]);
  });

  test('each is added from where it is said', () => {
    const state = given({
      everything: { keep_days: 30 }, customer: { policy: 'redacted' }, route: { mask_secrets: true },
    });
    expect(treatment(state)).toEqual(['redacted', 30, true]);
  });

  test('another customer and another model have their own', () => {
    const state = given({ customer: { policy: 'none' }, route: { policy: 'hash' } });
    expect(treatment(state, 'fast', 'beta')[0]).toBe('hash');
    expect(treatment(state, 'p/m')[0]).toBe('none');
    expect(treatment(state, 'p/m', 'beta')[0]).toBe('full');
  });

  test('the same file changes nothing, and one without it takes it back', () => {
    const rules = { everything: { policy: 'hash' as const }, customer: { keep_days: 3 } };
    const state = given(rules);
    expect(given(rules, state).sequence).toBe(state.sequence);
    expect(treatment(given({}, state))).toEqual(['full', null, false]);
  });
});
