// Opens sealed content as docs/adr/0021 describes it, with the data directory's master key: by itself
// and not by the product's own code, like everything that reads the log here.
import { createDecipheriv, hkdfSync } from 'node:crypto';

/** What seals content, by key id. */
export type SealingKeys = ReadonlyMap<string, Buffer>;

const nonceBytes = 12;
const tagBytes = 16;
const keyBytes = 32;

/** The sealing key of a stored record, by its id; null: it is something else. */
export function sealingKeyOf(record: string, masterKey: string): readonly [string, Buffer] | null {
  const { id, wrapped } = JSON.parse(record) as { readonly id?: string; readonly wrapped?: string };
  if (id === undefined || wrapped === undefined) return null;
  const wrapping = derived(masterKey, 'holdfast content keys: wrap');
  const material = decrypted(Buffer.from(wrapped, 'base64'), wrapping, id);
  return [id, derived(material, 'holdfast content: seal')];
}

/** @throws Error when this key did not seal it. */
export function opened(sealed: Buffer, keyId: string, key: Buffer): string {
  return decrypted(sealed, key, keyId).toString('utf8');
}

/** Nonce, ciphertext and tag, in this order. */
function decrypted(sealed: Buffer, key: Buffer, about: string): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceBytes));
  decipher.setAAD(Buffer.from(about));
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  return Buffer.concat([
    decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final(),
  ]);
}

function derived(secret: string | Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', purpose, keyBytes));
}
