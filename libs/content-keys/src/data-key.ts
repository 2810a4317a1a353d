// One data key and what it does: seals content (AES-256-GCM), opens it, and makes fingerprints that
// nobody can repeat who has not the key. Sealed content is nonce, ciphertext and tag, in this order.
import {
  createCipheriv, createDecipheriv, createHmac, hkdfSync, randomFillSync,
} from 'node:crypto';
import { Fault } from '@libs/faults/faults';

export const dataKeyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

/**
 * `fresh`: random, so that equal content is not seen to be equal. `derived` from the content: what is
 * stored twice is the same twice, and is kept once. Either way 96 bits, which of 2^32 contents under
 * one key two share by a chance of 2^-33.
 */
export type NonceKind = 'fresh' | 'derived';

export class DataKey {
  readonly #about: Buffer;
  readonly #sealing: Buffer;
  #nonces: Buffer | null = null;
  #fingerprints: Buffer | null = null;

  constructor(readonly id: string, private readonly material: Buffer) {
    this.#about = Buffer.from(id);
    this.#sealing = derive(material, 'seal');
  }

  seal(text: string, kind: NonceKind): Buffer {
    const nonce = kind === 'fresh' ? freshNonce() : this.#derivedNonce(text);
    const cipher = createCipheriv('aes-256-gcm', this.#sealing, nonce);
    cipher.setAAD(this.#about);
    return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  }

  /** @throws Fault object_missing when it was not sealed by this key, or was changed since. */
  open(sealed: Uint8Array): string {
    const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
    try {
      const nonce = bytes.subarray(0, nonceBytes);
      const decipher = createDecipheriv('aes-256-gcm', this.#sealing, nonce);
      decipher.setAAD(this.#about);
      decipher.setAuthTag(bytes.subarray(-tagBytes));
      const text = decipher.update(bytes.subarray(nonceBytes, -tagBytes), undefined, 'utf8');
      return text + decipher.final('utf8');
    } catch (error) {
      throw new Fault('object_missing', `content is not what ${this.id} sealed`, { cause: error });
    }
  }

  /** `<key id>:<keyed hash>`: equal for equal texts as long as the key is the same. */
  fingerprint(text: string): string {
    this.#fingerprints ??= derive(this.material, 'fingerprint');
    const hash = createHmac('sha256', this.#fingerprints).update(text).digest('hex');
    return `${this.id}:${hash}`;
  }

  #derivedNonce(text: string): Buffer {
    this.#nonces ??= derive(this.material, 'nonce');
    const hash = createHmac('sha256', this.#nonces).update(text).digest();
    return hash.subarray(0, nonceBytes);
  }
}

/** A few hundred at once: asking for 12 bytes takes four times as long as taking them from here. */
const pool = Buffer.allocUnsafe(nonceBytes * 340);
let taken = pool.length;

function freshNonce(): Buffer {
  if (taken === pool.length) {
    randomFillSync(pool);
    taken = 0;
  }
  // A copy: the pool is filled anew while this one is in use.
  const nonce = Buffer.from(pool.subarray(taken, taken + nonceBytes));
  taken += nonceBytes;
  return nonce;
}

function derive(material: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', material, '', `holdfast content: ${purpose}`, dataKeyBytes));
}
