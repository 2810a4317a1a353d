// The API surfaces that clients speak, and which endpoint belongs to which. A surface is what the
// client sees; a provider's kind is what the upstream speaks. Both use the same names.

export const surfaces = ['openai', 'anthropic'] as const;
export type Surface = (typeof surfaces)[number];

/** What a provider speaks. A third kind gets its own folder beside openai/ and anthropic/. */
export type ProviderKind = Surface;

export const endpoints = {
  '/v1/chat/completions': 'openai',
  '/v1/completions': 'openai',
  '/v1/embeddings': 'openai',
  '/v1/messages': 'anthropic',
  '/v1/messages/count_tokens': 'anthropic',
} as const satisfies Record<string, Surface>;
export type Endpoint = keyof typeof endpoints;

export function isEndpoint(path: string): path is Endpoint {
  return Object.hasOwn(endpoints, path);
}

export function surfaceOf(endpoint: Endpoint): Surface {
  return endpoints[endpoint];
}

/** One server-sent event as it is written to a client or read from a provider. */
export interface SurfaceEvent {
  readonly event: string | null;
  readonly data: string;
}
