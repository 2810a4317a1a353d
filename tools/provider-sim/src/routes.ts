// Which provider and which endpoint a URL means.
import { type Surface } from './call';

export type Endpoint =
  | '/v1/chat/completions' | '/v1/completions' | '/v1/embeddings'
  | '/v1/messages' | '/v1/messages/count_tokens' | '/v1/models';

export type Route =
  | { kind: 'call'; provider: string; endpoint: Endpoint; modelAsked: string | undefined }
  | { kind: 'unknown'; provider: string; path: string }
  | { kind: 'admin'; path: string };

const endpoints = new Map<string, Endpoint>([
  ['/v1/chat/completions', '/v1/chat/completions'],
  ['/v1/completions', '/v1/completions'],
  ['/v1/embeddings', '/v1/embeddings'],
  ['/v1/messages', '/v1/messages'],
  ['/v1/messages/count_tokens', '/v1/messages/count_tokens'],
  ['/v1/models', '/v1/models'],
]);

/** URLs repeat; a table of them is cheaper than parsing. Bounded: clients choose URLs. */
const known = new Map<string, Route>();
const KNOWN_MAX = 1000;

export function routeOf(url: string): Route {
  let route = known.get(url);
  if (route === undefined) {
    route = parseRoute(url.split('?', 1)[0] ?? '/');
    if (known.size >= KNOWN_MAX) known.clear();
    known.set(url, route);
  }
  return route;
}

export function surfaceOf(endpoint: Endpoint | undefined, anthropicVersion: boolean): Surface {
  switch (endpoint) {
    case '/v1/messages': case '/v1/messages/count_tokens':
      return 'anthropic';
    case '/v1/chat/completions': case '/v1/completions': case '/v1/embeddings':
      return 'openai';
    case '/v1/models': case undefined:
      return anthropicVersion ? 'anthropic' : 'openai';
  }
}

function parseRoute(path: string): Route {
  if (path === '/_sim' || path.startsWith('/_sim/')) return { kind: 'admin', path };
  const prefixed = /^\/p\/([^/]+)(\/.*)$/.exec(path);
  const provider = prefixed?.[1] ?? 'default';
  const rest = prefixed?.[2] ?? path;
  const endpoint = endpoints.get(rest);
  if (endpoint !== undefined) return { kind: 'call', provider, endpoint, modelAsked: undefined };
  const model = /^\/v1\/models\/(.+)$/.exec(rest)?.[1];
  if (model === undefined) return { kind: 'unknown', provider, path: rest };
  return { kind: 'call', provider, endpoint: '/v1/models', modelAsked: decoded(model) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // Not an encoding: no model has this name, and the answer is 404.
  }
}
