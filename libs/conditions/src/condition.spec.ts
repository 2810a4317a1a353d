import { describe, expect, test } from '@jest/globals';
import { conditionOf, faultOf } from './condition';

const facts = {
  request: { max_tokens: 2_000, stream: true, user: 'u1' }, headers: { 'x-app': 'beta' },
  metadata: { tier: 'gold' }, tenant: 'acme', needs: ['tools', 'images'], prompt_tokens: 100,
};

describe('a condition', () => {
  test.each([
    ['request.max_tokens > 1000', true], ['headers["x-app"] == "beta"', true], ['"tools" in needs', true],
    ['metadata.tier == "gold" && tenant.startsWith("ac")', true], ['has(metadata.nothing)', false],
    ['prompt_tokens < 50 || request.stream', true], ['tenant in ["other", "third"]', false],
    ['metadata.tier.matches("^g.*d$")', true],
  ])('%s is %s', (text, met) => {
    expect(conditionOf(text).isMet(facts)).toBe(met);
  });

  test.each(['metadata.nothing == "x"', 'nobody.knows', 'request.max_tokens', '1 / 0 > 0'])(
    'that cannot be evaluated or is no truth value is not met: %s', (text) => {
      expect(conditionOf(text).isMet(facts)).toBe(false);
    });

  test('says what is wrong with it, with the place', () => {
    expect(faultOf('metadata.tier ==')).toMatch(/1:\d+/);
    expect(faultOf('x'.repeat(2_001))).toContain('2000 characters');
    expect(faultOf('true')).toBeNull();
    expect(conditionOf('((').isMet(facts)).toBe(false);
  });
});
