// Who asks: the virtual key of a request, looked up by its SHA-256 in the governance fold.
import { createHash } from 'node:crypto';
import { type IncomingHttpHeaders } from 'node:http';
import { findKey, type KeyRefused, suspensionText } from '@libs/governance/access';
import { formOf } from '@libs/governance/key-format';
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

/** A refusal, and the key it is about where that is known. */
export interface NotLetIn {
  readonly refusal: HttpRefusal;
  readonly key: VirtualKey | null;
}

export function authenticate(
  state: GovernanceState, headers: IncomingHttpHeaders, nowMs: number,
): VirtualKey | NotLetIn {
  const value = keyOf(headers);
  if (value === null) {
    return stranger('missing_api_key',
      'No API key was given. Send it as "Authorization: Bearer hf_…" or "x-api-key: hf_…".');
  }
  const found = findKey(state, createHash('sha256').update(value).digest('hex'), nowMs);
  if (found.ok) return found.key;
  if (found.reason !== 'unknown_key') return { refusal: refusalOf(found), key: found.key };
  // The form costs more than the look into the table, and one that somebody chose may begin like ours.
  const form = formOf(value);
  return form === 'mistyped' || form === 'cut' ? stranger('malformed_api_key', malformed)
    : stranger('invalid_api_key', 'This API key is not known.');
}

const malformed = 'This is not a well-formed API key: its checksum does not fit, so a letter was '
  + 'changed or lost. A key is "hf_" and 49 letters and digits.';

function stranger(code: string, message: string): NotLetIn {
  return { refusal: refusal(401, code, message), key: null };
}

function refusalOf(found: KeyRefused): HttpRefusal {
  switch (found.reason) {
    case 'key_revoked':
      return refusal(401, 'revoked_api_key', 'This API key was revoked.');
    case 'key_expired':
      return refusal(401, 'expired_api_key', `This API key expired at ${iso(found.atMs)}.`);
    case 'value_replaced':
      return refusal(401, 'rotated_api_key',
        `This API key was rotated; its former value was valid until ${iso(found.atMs)}.`);
    case 'suspended': {
      const text = suspensionText(found.by);
      return refusal(403, 'suspended', `${text.charAt(0).toUpperCase()}${text.slice(1)}.`);
    }
  }
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}
