// Ed25519 and SHA-256 of node:crypto, in the shapes that libs/audit-tree takes them in.
import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto';

/** By way of a text: 0.4 µs, where a buffer takes 0.7 and an object that is updated 1.2. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return Buffer.from(hash('sha256', bytes, 'binary'), 'latin1');
}

export function verifyEd25519(
  publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array,
): boolean {
  const x = Buffer.from(publicKey).toString('base64url');
  const key = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } });
  return verify(null, message, key, signature);
}

/** The 32 bytes of an Ed25519 public key; undefined for a key of another kind. */
export function rawPublicKey(key: KeyObject): Uint8Array | undefined {
  const { crv, x } = createPublicKey(key).export({ format: 'jwk' });
  return crv === 'Ed25519' && x !== undefined ? Buffer.from(x, 'base64url') : undefined;
}
