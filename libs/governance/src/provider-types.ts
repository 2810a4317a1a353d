// What is known of each type of provider: where it is, which API it speaks, what it answers with when
// asked for another's model, and which model names are its own.
import type { ProviderConfig } from '@libs/events/governance-events';
import { matchesGlob } from './glob';

export interface ProviderType {
  readonly kind: ProviderConfig['kind'];
  readonly baseUrl: string;
  /** Shipped answer model of the default route; a cheap current one. */
  readonly defaultModel: string;
  /** The variable its key usually has. */
  readonly keyVariable: string;
  /** Its id in the price catalogue. */
  readonly priceCatalogue: string;
  /** Names of its own models; null: it serves many makers' models. */
  readonly models: readonly string[] | null;
}

export const providerTypes = {
  openai: {
    kind: 'openai', baseUrl: 'https://api.openai.com/v1', defaultModel: 'gpt-4o-mini',
    keyVariable: 'OPENAI_API_KEY', priceCatalogue: 'openai',
    models: [
      'gpt-*', 'chatgpt-*', 'o1*', 'o3*', 'o4*', 'codex-*', 'text-embedding-*', 'davinci-*',
      'babbage-*', 'ft:gpt-*', 'omni-moderation-*',
    ],
  },
  anthropic: {
    kind: 'anthropic', baseUrl: 'https://api.anthropic.com', defaultModel: 'claude-sonnet-4-5',
    keyVariable: 'ANTHROPIC_API_KEY', priceCatalogue: 'anthropic', models: ['claude-*'],
  },
  gemini: {
    kind: 'openai', baseUrl: 'https://generativelanguage.googleapis.com/v1beta/openai',
    defaultModel: 'gemini-2.5-flash', keyVariable: 'GEMINI_API_KEY', priceCatalogue: 'google',
    models: ['gemini-*', 'gemma-*', 'text-embedding-004', 'models/gemini-*'],
  },
  mistral: {
    kind: 'openai', baseUrl: 'https://api.mistral.ai/v1', defaultModel: 'mistral-small-latest',
    keyVariable: 'MISTRAL_API_KEY', priceCatalogue: 'mistral',
    models: [
      'mistral-*', 'ministral-*', 'magistral-*', 'codestral-*', 'devstral-*', 'pixtral-*',
      'open-mistral-*', 'open-mixtral-*',
    ],
  },
  groq: {
    kind: 'openai', baseUrl: 'https://api.groq.com/openai/v1',
    defaultModel: 'llama-3.3-70b-versatile', keyVariable: 'GROQ_API_KEY', priceCatalogue: 'groq',
    models: ['llama-*', 'llama3-*', 'meta-llama/*', 'openai/gpt-oss-*', 'qwen/*', 'moonshotai/*', 'groq/*'],
  },
  deepseek: {
    kind: 'openai', baseUrl: 'https://api.deepseek.com/v1', defaultModel: 'deepseek-chat',
    keyVariable: 'DEEPSEEK_API_KEY', priceCatalogue: 'deepseek', models: ['deepseek-*'],
  },
  xai: {
    kind: 'openai', baseUrl: 'https://api.x.ai/v1', defaultModel: 'grok-4-fast',
    keyVariable: 'XAI_API_KEY', priceCatalogue: 'x-ai', models: ['grok-*'],
  },
  together: {
    kind: 'openai', baseUrl: 'https://api.together.xyz/v1',
    defaultModel: 'meta-llama/Llama-3.3-70B-Instruct-Turbo', keyVariable: 'TOGETHER_API_KEY',
    priceCatalogue: 'together', models: null,
  },
  openrouter: {
    kind: 'openai', baseUrl: 'https://openrouter.ai/api/v1', defaultModel: 'openai/gpt-4o-mini',
    keyVariable: 'OPENROUTER_API_KEY', priceCatalogue: 'openrouter', models: null,
  },
} as const satisfies Readonly<Record<string, ProviderType>>;

export type ProviderTypeName = keyof typeof providerTypes;
const known: readonly ProviderType[] = Object.values(providerTypes);

/** Types that exist elsewhere and not here yet, with what to do instead. */
export const missingProviderTypes: Readonly<Record<string, string>> = {
  azure: 'Azure OpenAI is not available yet; its OpenAI-compatible v1 endpoint works as '
    + '`type: openai` with `base_url: https://<resource>.openai.azure.com/openai/v1`',
  bedrock: 'Amazon Bedrock is not available yet; its OpenAI-compatible endpoint works as '
    + '`type: openai` with `base_url: https://bedrock-runtime.<region>.amazonaws.com/openai/v1`',
  vertex: 'Vertex AI is not available yet; use `type: gemini` with a Gemini API key',
  cohere: 'Cohere is not available yet; its compatibility API works as `type: openai` with '
    + '`base_url: https://api.cohere.ai/compatibility/v1`',
};

/** Whether a provider has a model, as far as its configuration and the names' makers say. */
export function hasModel(provider: ProviderConfig, model: string): boolean {
  const listed = provider.models.filter((pattern) => pattern !== '*');
  if (listed.some((pattern) => matchesGlob(pattern, model))) return true;
  if (!provider.models.includes('*')) return false;
  const own = typeAt(provider.base_url)?.models ?? null;
  if (own === null || isOneOf(own, model)) return true;
  // A name that no maker claims may be a fine-tuned or new model: the provider shall say.
  return !known.some((type) => type.models !== null && isOneOf(type.models, model));
}

/** The known provider whose API is at this URL; null for any other, e.g. one's own server. */
export function typeAt(baseUrl: string): ProviderType | null {
  const host = hostOf(baseUrl);
  return known.find((type) => hostOf(type.baseUrl) === host) ?? null;
}

function isOneOf(patterns: readonly string[], model: string): boolean {
  return patterns.some((pattern) => matchesGlob(pattern, model));
}

function hostOf(url: string): string {
  return /^[a-z]+:\/\/([^/?#]+)/i.exec(url)?.[1]?.toLowerCase() ?? '';
}
