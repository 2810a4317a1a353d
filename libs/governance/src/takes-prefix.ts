// Which targets can go on with an answer that has begun, and how they are asked to.
import type { ProviderConfig } from '@libs/events/governance-events';
import type { ContinuesWay } from '@libs/events/routing-policy';
import { takesPrefill } from '@libs/surfaces/anthropic/models';
import { providerTypes, typeAt } from './provider-types';

export interface TakesPrefix {
  readonly way: ContinuesWay;
  /** It says the beginning once more before it goes on. */
  readonly echoes: boolean;
  /** Where it does so, if not at the provider's usual address. */
  readonly baseUrl: string | null;
}

/**
 * null: it would answer from the start, or refuse. Of the known types only those whose API documents
 * it are taken; OpenAI's takes a last message of the assistant for a finished turn, whatever is
 * configured.
 */
export function takesPrefix(provider: ProviderConfig, model: string): TakesPrefix | null {
  const type = typeAt(provider.base_url);
  if (type === providerTypes.openai) return null;
  if (provider.continues !== undefined) {
    // Servers of Mistral's kind may do as Mistral does; one that does not is not harmed.
    const echoes = provider.continues === 'prefix';
    return { way: provider.continues, echoes, baseUrl: null };
  }
  if (provider.kind === 'anthropic') {
    return takesPrefill(model) ? { way: 'assistant', echoes: false, baseUrl: null } : null;
  }
  if (type === providerTypes.mistral) return { way: 'prefix', echoes: true, baseUrl: null };
  // https://api-docs.deepseek.com/guides/chat_prefix_completion: on the beta address only.
  if (type === providerTypes.deepseek) {
    return { way: 'prefix', echoes: false, baseUrl: 'https://api.deepseek.com/beta' };
  }
  return null;
}
