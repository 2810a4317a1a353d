// Rules of catalogue prices: current models are priced, by name and by dated name.
import { describe, expect, test } from '@jest/globals';
import { diffConfig } from '@libs/governance/apply-config';
import { evolveGovernance } from '@libs/governance/evolve';
import { resolveModel } from '@libs/governance/models';
import { priceOf } from '@libs/governance/prices';
import { type GovernanceState, initialGovernance } from '@libs/governance/state';
import { stamp } from '@libs/events/envelope';
import { detectedConfig } from './default-config';

const environment = {
  OPENAI_API_KEY: 'o', ANTHROPIC_API_KEY: 'a', GEMINI_API_KEY: 'g', MISTRAL_API_KEY: 'm',
  GROQ_API_KEY: 'q', DEEPSEEK_API_KEY: 'd',
};
const config = detectedConfig(environment, Date.parse('2026-11-01T00:00:00Z'));
if (config === null) throw new Error('nothing was detected');
const state = diffConfig(initialGovernance, config, 0).events.reduce<GovernanceState>(
  (folded, draft, index) => evolveGovernance(folded, stamp(draft, `e${index}`, 0), index + 1),
  initialGovernance);

describe('the price catalogue', () => {
  test.each([
    ['openai', 'gpt-4o', '2500000', '10000000'],
    ['openai', 'gpt-4o-mini', '150000', '600000'],
    ['openai', 'text-embedding-3-small', '20000', '0'],
    ['anthropic', 'claude-sonnet-4-5', '3000000', '15000000'],
    ['anthropic', 'claude-sonnet-4-5-20250929', '3000000', '15000000'],
    ['gemini', 'gemini-2.5-pro', '1250000', '10000000'],
  ])('%s/%s', (provider, model, input, output) => {
    expect(priceOf(state, provider, model)).toMatchObject({
      input_per_token: input, output_per_token: output,
    });
  });

  test('long prompts have their tiers', () => {
    expect(priceOf(state, 'gemini', 'gemini-2.5-pro')?.tiers).toEqual([
      expect.objectContaining({ above_input_tokens: 200_000, input_per_token: '2500000' }),
    ]);
  });

  test('every default model of a detected provider has a price', () => {
    const priced = config.providers.map(({ provider, default_model: model }) =>
      [provider, model !== null && priceOf(state, provider, model) !== null]);
    expect(priced).toEqual(config.providers.map(({ provider }) => [provider, true]));
  });

  test('a model name goes to its maker first, to the others by their default', () => {
    const resolved = resolveModel(state, 'claude-opus-4-1');
    const models = resolved.ok ? resolved.targets.map(({ model }) => model) : [];
    expect(models.filter((model) => model === 'claude-opus-4-1')).toHaveLength(1);
    expect(models).toHaveLength(config.providers.length);
  });
});
