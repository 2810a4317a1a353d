// `fetch` by the way that all requests to the outside take.
import { EnvHttpProxyAgent, fetch as proxiedFetch } from 'undici';
import { type EgressProxy } from '@libs/settings/egress-proxy';

export function egressFetch({ httpProxy, httpsProxy, noProxy }: EgressProxy): typeof fetch {
  if (httpProxy === null && httpsProxy === null) return fetch;
  const dispatcher = new EnvHttpProxyAgent({
    httpProxy: httpProxy ?? '', httpsProxy: httpsProxy ?? '', noProxy: noProxy ?? '',
  });
  // Two declarations of one standard: the runtime's own and that of the package.
  const through = (url: string, init?: object) => proxiedFetch(url, { ...init, dispatcher });
  return through as unknown as typeof fetch;
}
