// Whether a token (an ID token or an access token in the form of a JWT) was signed by the issuer,
// for us, and is good now.
import { errors, type JWTPayload, jwtVerify, type JWTVerifyResult } from 'jose';
import { isFault } from '@libs/faults/faults';
import { type Issuers, unavailable } from './issuer';
import { type Claims } from './claims';

export interface Login {
  readonly subject: string;
  readonly issuer: string;
  readonly email: string | null;
  readonly expiresAtMs: number;
  readonly claims: Claims;
}

export type TokenRefusal =
  | 'login_expired' | 'login_not_for_us' | 'login_other_issuer' | 'login_wrong_algorithm'
  | 'login_unknown_key' | 'login_invalid';

export type TokenVerified =
  | { readonly ok: true; readonly login: Login }
  | { readonly ok: false; readonly reason: TokenRefusal };

export interface Expected {
  readonly issuer: string;
  readonly audience: string;
}

/** Signatures by a key of the issuer alone: no `none`, and no secret that it shares with others. */
const algorithms = [
  'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519',
];
/** Clocks that are kept by NTP differ by far less. */
const clockSkewS = 30;
/** A token of another kind (of a logout, say) is no login. */
const types = /^(application\/)?(at\+)?jwt$/i;

/** Three parts of base64url, the first a JSON object: no token of ours looks so. */
export function looksLikeJwt(token: string): boolean {
  return /^ey[\w-]*\.[\w-]+\.[\w-]*$/.test(token);
}

/** @throws Fault issuer_unavailable */
export async function verifyToken(
  issuers: Issuers, token: string, expected: Expected, nowMs: number,
): Promise<TokenVerified> {
  const { issuer, audience } = expected;
  const keys = await issuers.keys(issuer);
  let verified: JWTVerifyResult;
  try {
    verified = await jwtVerify(token, keys, {
      issuer, audience, algorithms, clockTolerance: clockSkewS, currentDate: new Date(nowMs),
      requiredClaims: ['exp', 'sub'],
    });
  } catch (error) {
    return { ok: false, reason: refusalOf(error, issuer) };
  }
  const { payload, protectedHeader: { typ } } = verified;
  if (typ !== undefined && !types.test(typ)) return { ok: false, reason: 'login_invalid' };
  const login = loginOf(payload, issuer);
  return login === null ? { ok: false, reason: 'login_invalid' } : { ok: true, login };
}

function loginOf(payload: JWTPayload, issuer: string): Login | null {
  const { sub: subject, exp, email, email_verified: verified } = payload;
  if (subject === undefined || subject === '' || exp === undefined) return null;
  return {
    subject, issuer,
    // One that the issuer did not check names whoever its holder likes.
    email: typeof email === 'string' && verified !== false ? email : null,
    expiresAtMs: exp * 1000,
    claims: payload,
  };
}

function refusalOf(error: unknown, issuer: string): TokenRefusal {
  if (isFault(error)) throw error;
  if (error instanceof errors.JWTExpired) return 'login_expired';
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'aud') return 'login_not_for_us';
    return error.claim === 'iss' ? 'login_other_issuer' : 'login_invalid';
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return 'login_wrong_algorithm';
  if (error instanceof errors.JWKSNoMatchingKey) return 'login_unknown_key';
  const ofTheToken = error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid
    || error instanceof errors.JWSSignatureVerificationFailed
    || error instanceof errors.JOSENotSupported
    || error instanceof errors.JWKSMultipleMatchingKeys;
  if (ofTheToken) return 'login_invalid';
  // What is left is about the keys: not fetched in time, or no keys at all.
  throw unavailable(issuer, error);
}
