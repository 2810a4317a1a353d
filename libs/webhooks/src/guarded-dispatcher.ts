// The way out for webhooks: connections to private addresses are refused at connect time, after the
// name was resolved, so that a name cannot be pointed inwards after it was registered.
import { lookup as resolve, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import { type EgressProxy } from '@libs/settings/egress-proxy';
import { isPublicAddress } from './address-class';

/** The receiver's address is one that webhooks may not go to. */
export class AddressRefused extends Error {
  constructor(host: string, address: string) {
    super(`${host} is at ${address}, a private or reserved address; webhooks do not go there`);
    this.name = 'AddressRefused';
  }
}

export interface GuardedDispatcher {
  readonly dispatcher: Dispatcher;
  /** Refuses what the connection itself cannot be asked about. @throws AddressRefused */
  readonly check: (url: URL) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Shorter than the whole time of a delivery, so that the message names the cause. */
const connectTimeoutMs = 10_000;

export function guardedDispatcher(
  proxy: EgressProxy, allowPrivate: () => boolean,
): GuardedDispatcher {
  const isProxied = proxy.httpProxy !== null || proxy.httpsProxy !== null;
  const lookup = guardedLookup(allowPrivate);
  const connect = { timeout: connectTimeoutMs, lookup };
  // A connection is used once: one that was allowed must not outlive the setting that allowed it.
  const options = { connect, pipelining: 0, headersTimeout: 0, bodyTimeout: 0 };
  const dispatcher = isProxied
    ? new EnvHttpProxyAgent({
        // `connect` is for what goes past the proxy (NO_PROXY, a scheme without one); the way to
        // the proxy itself does not use it: that may well have a private address.
        ...options,
        httpProxy: proxy.httpProxy ?? '', httpsProxy: proxy.httpsProxy ?? '',
        noProxy: proxy.noProxy ?? '',
      })
    : new Agent(options);
  return {
    dispatcher,
    check: (url) => checkUrl(url, allowPrivate, isProxied),
    close: () => dispatcher.destroy(),
  };
}

/** As `dns.lookup`, but fails when any of the addresses is not public. */
function guardedLookup(allowPrivate: () => boolean): LookupFunction {
  return (host, options, done) => {
    resolve(host, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses as LookupAddress[] | undefined ?? [];
      if (error !== null || first === undefined) {
        done(error ?? new Error(`${host} has no address`), '', 0);
        return;
      }
      const refused = allowPrivate() ? null : firstPrivate(addresses);
      if (refused !== null) done(new AddressRefused(host, refused), '', 0);
      else if (options.all === true) done(null, addresses);
      else done(null, first.address, first.family);
    });
  };
}

/** A literal address is connected to without a lookup; through a proxy none happens here at all. */
async function checkUrl(
  url: URL, allowPrivate: () => boolean, isProxied: boolean,
): Promise<void> {
  if (allowPrivate()) return;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) {
    if (!isPublicAddress(host)) throw new AddressRefused(url.hostname, host);
    return;
  }
  if (!isProxied) return;
  const addresses = await new Promise<LookupAddress[]>((found) => {
    // A name that only the proxy can resolve is the proxy's to judge.
    resolve(host, { all: true }, (error, all) => found(error === null ? all : []));
  });
  const refused = firstPrivate(addresses);
  if (refused !== null) throw new AddressRefused(host, refused);
}

function firstPrivate(addresses: readonly LookupAddress[]): string | null {
  return addresses.find(({ address }) => !isPublicAddress(address))?.address ?? null;
}
