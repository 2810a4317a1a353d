// Which URLs may be registered for webhooks: public https addresses only, unless private ones are
// allowed (development). Whoever sends checks again at connect time, after DNS.
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { isPublicAddress } from '@libs/webhooks/address-class';
import { type HttpRefusal, refusal } from './refusal';

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
    if (!isPublicAddress(address)) {
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
