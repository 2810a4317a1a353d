// The proxy that requests to the outside go through: to providers and to webhook receivers.
import { z } from 'zod';

export interface EgressProxy {
  readonly httpProxy: string | null;
  readonly httpsProxy: string | null;
  readonly noProxy: string | null;
}

/** Part of the settings of a service that sends requests to the outside. */
export const proxyVariables = {
  HTTP_PROXY: z.string().optional(),
  HTTPS_PROXY: z.string().optional(),
  NO_PROXY: z.string().optional(),
};

export function egressProxy(
  settings: { readonly [Name in keyof typeof proxyVariables]?: string | undefined },
): EgressProxy {
  return {
    httpProxy: settings.HTTP_PROXY ?? null,
    httpsProxy: settings.HTTPS_PROXY ?? null,
    noProxy: settings.NO_PROXY ?? null,
  };
}
