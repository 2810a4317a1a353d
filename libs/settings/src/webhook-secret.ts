// Signing secrets of webhook endpoints: derived, so that nothing secret has to be stored.
import { hkdfSync } from 'node:crypto';
import type { Secret } from './secret';

/** The length that HMAC-SHA256 keys should have. */
const secretBytes = 32;
/** Separates these secrets from anything else the master key may be used for. Never change it. */
const salt = 'holdfast-webhook';

/** `whsec_…` of an endpoint in one generation; each rotation counts the generation up. */
export function webhookSecret(masterKey: Secret, endpointId: string, generation: number): string {
  const info = `${endpointId}:${generation}`;
  const bytes = hkdfSync('sha256', masterKey.reveal(), salt, info, secretBytes);
  return `whsec_${Buffer.from(bytes).toString('base64')}`;
}
