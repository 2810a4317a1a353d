// Wraps data keys by the master key. This is the place of a key management service: it would wrap and
// unwrap by calls, which is why both may be awaited; nothing else here knows the master key.
import {
  createCipheriv, createDecipheriv, hkdfSync, randomBytes,
} from 'node:crypto';
import { Fault } from '@libs/faults/faults';
import { type Secret } from '@libs/settings/secret';

/** AES-GCM as NIST SP 800-38D recommends it. */
const nonceBytes = 12;
const tagBytes = 16;

export class MasterKey {
  /** Tells master keys apart, and nothing about them. */
  readonly id: string;
  readonly #key: Buffer;

  constructor(secret: Secret) {
    this.#key = derived(secret, 'holdfast content keys: wrap');
    this.id = derived(secret, 'holdfast content keys: id').toString('hex', 0, 4);
  }

  /** `about`: what the wrapped key is; it is unwrapped as that, or not at all. */
  wrap(key: Uint8Array, about: string): string {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce);
    cipher.setAAD(Buffer.from(about));
    const parts = [nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()];
    return Buffer.concat(parts).toString('base64');
  }

  /** @throws Fault content_key_missing: another master key has wrapped it, or it was changed. */
  unwrap(wrapped: string, about: string): Buffer {
    const bytes = Buffer.from(wrapped, 'base64');
    const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, nonceBytes));
    decipher.setAAD(Buffer.from(about));
    decipher.setAuthTag(bytes.subarray(-tagBytes));
    try {
      const body = bytes.subarray(nonceBytes, -tagBytes);
      return Buffer.concat([decipher.update(body), decipher.final()]);
    } catch (error) {
      throw new Fault('content_key_missing', `the key ${about} cannot be unwrapped by the master key `
        + this.id, { cause: error });
    }
  }
}

function derived(secret: Secret, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret.reveal(), '', purpose, 32));
}
