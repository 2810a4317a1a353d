// Who asks: the virtual key of a request, looked up by its SHA-256 in the governance fold.
import { createHash } from 'node:crypto';
import { type IncomingHttpHeaders } from 'node:http';
import { findKey, type KeyRefusal } from '@libs/governance/access';
import { type GovernanceState, type VirtualKey } from '@libs/governance/state';
import { type HttpRefusal, refusal } from './refusal';

/** Headers a key may come in, first found wins (api.md, section 2). */
const keyHeaders = ['x-api-key', 'api-key', 'x-goog-api-key', 'x-bf-vk'] as const;

/** The key as the client sent it, null when there is none. */
export function keyOf(headers: IncomingHttpHeaders): string | null {
  const { authorization } = headers;
  if (authorization !== undefined && /^bearer /i.test(authorization)) {
    const value = authorization.slice('bearer '.length).trim();
    if (value !== '') return value;
  }
  for (const name of keyHeaders) {
    const value = headers[name];
    if (typeof value === 'string' && value !== '') return value;
  }
  return null;
}

export function authenticate(
  state: GovernanceState, headers: IncomingHttpHeaders, nowMs: number,
): VirtualKey | HttpRefusal {
  const value = keyOf(headers);
  if (value === null) {
    return refusal(401, 'missing_api_key',
      'No API key was given. Send it as "Authorization: Bearer hf-…" or "x-api-key: hf-…".');
  }
  const hash = createHash('sha256').update(value).digest('hex');
  const found = findKey(state, hash, nowMs);
  return found.ok ? found.key : refusal(401, codes[found.reason], sentences[found.reason]);
}

const codes: Readonly<Record<KeyRefusal, string>> = {
  unknown_key: 'invalid_api_key', key_revoked: 'revoked_api_key', key_expired: 'expired_api_key',
};

const sentences: Readonly<Record<KeyRefusal, string>> = {
  unknown_key: 'This API key is not known.',
  key_revoked: 'This API key was revoked.',
  key_expired: 'This API key has expired.',
};
