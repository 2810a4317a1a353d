// Where webhooks may go: public https addresses only, unless private ones are allowed
// (development). Workers check again at connect time, after DNS.
import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { type HttpRefusal, refusal } from './refusal';

const refusedRanges = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16],
  ['172.16.0.0', 12], ['192.0.0.0', 24], ['192.0.2.0', 24], ['192.168.0.0', 16], ['198.18.0.0', 15],
  ['198.51.100.0', 24], ['203.0.113.0', 24], ['224.0.0.0', 4], ['240.0.0.0', 4],
] as const) refusedRanges.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of [
  ['::', 128], ['::1', 128], ['64:ff9b::', 96], ['100::', 64], ['2001:db8::', 32], ['fc00::', 7],
  ['fe80::', 10], ['ff00::', 8],
] as const) refusedRanges.addSubnet(network, prefix, 'ipv6');

export function isRefusedAddress(address: string): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return refusedRanges.check(mapped, 'ipv4');
  return refusedRanges.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/** null: this URL may be registered. */
export async function checkWebhookUrl(
  text: string, allowPrivate: boolean,
): Promise<HttpRefusal | null> {
  const url = parseUrl(text);
  if (url === null) return refused('is not a URL');
  if (url.username !== '' || url.password !== '') return refused('must not hold a password');
  if (url.protocol !== 'https:' && !(allowPrivate && url.protocol === 'http:')) {
    return refused('must begin with https://');
  }
  if (allowPrivate) return null;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  for (const address of await addressesOf(host)) {
    if (isRefusedAddress(address)) {
      return refused('points to a private, loopback or link-local address '
        + '(webhooks.allow_private: true permits it for development)');
    }
  }
  return null;
}

function parseUrl(text: string): URL | null {
  // 2,048: what receivers' own frameworks take.
  return text.length <= 2048 && URL.canParse(text) ? new URL(text) : null;
}

async function addressesOf(host: string): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host];
  if (host === 'localhost' || host.endsWith('.localhost')) return ['127.0.0.1'];
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch {
    // Not known (yet): the guard at connect time decides.
    return [];
  }
}

function refused(what: string): HttpRefusal {
  return refusal(400, 'invalid_webhook_url', `The webhook URL ${what}.`, { param: 'url' });
}
