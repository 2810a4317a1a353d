// Keep-alive connections to providers: one agent per connect timeout, one pool per origin in it,
// through a proxy where one is configured.
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import { type EgressProxy } from '@libs/settings/egress-proxy';

export interface ProviderDispatchers {
  readonly forConnectMs: (connectMs: number) => Dispatcher;
  readonly close: () => Promise<void>;
}

/** Servers of the Node family close idle connections after 5 s: be gone before them. */
const keepAliveMs = 4000;

/** A server that promises longer is believed up to here. */
const keepAliveMaxMs = 60_000;

export function providerDispatchers(proxy: EgressProxy): ProviderDispatchers {
  const agents = new Map<number, Dispatcher>();
  return {
    forConnectMs: (connectMs) => {
      let agent = agents.get(connectMs);
      if (agent === undefined) {
        agent = newAgent(connectMs, proxy);
        agents.set(connectMs, agent);
      }
      return agent;
    },
    // Calls under way are the worker's to end; what is left here is idle.
    close: async () => {
      const open = [...agents.values()];
      agents.clear();
      await Promise.all(open.map((agent) => agent.destroy()));
    },
  };
}

/** No bound on connections: calls in flight are metered per provider key by the router. */
function newAgent(connectMs: number, proxy: EgressProxy): Dispatcher {
  const options = {
    connect: { timeout: connectMs },
    pipelining: 1,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMaxMs,
    // The exchange has its own timers, which know the difference between waiting and stalling.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  const { httpProxy, httpsProxy, noProxy } = proxy;
  if (httpProxy === null && httpsProxy === null) return new Agent(options);
  return new EnvHttpProxyAgent({
    ...options,
    // Empty, not absent: absent would be read from the environment.
    httpProxy: httpProxy ?? '',
    httpsProxy: httpsProxy ?? '',
    noProxy: noProxy ?? '',
  });
}
