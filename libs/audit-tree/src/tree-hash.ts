// Hashes of the audit tree (RFC 6962, section 2.1; RFC 9162 and C2SP tlog-tiles use the same). The
// prefixes keep a leaf from ever passing for a node.

/** SHA-256 of all bytes given: 32 bytes. The owner of the crypto passes it in. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

export const hashBytes = 32;
const leafPrefix = 0;
const nodePrefix = 1;

export function leafHash(sha256: Sha256, line: Uint8Array): Uint8Array {
  const input = Buffer.allocUnsafe(line.length + 1);
  input[0] = leafPrefix;
  input.set(line, 1);
  return sha256(input);
}

export function nodeHash(sha256: Sha256, left: Uint8Array, right: Uint8Array): Uint8Array {
  const input = Buffer.allocUnsafe(1 + 2 * hashBytes);
  input[0] = nodePrefix;
  input.set(left, 1);
  input.set(right, 1 + hashBytes);
  return sha256(input);
}

export function emptyRoot(sha256: Sha256): Uint8Array {
  return sha256(new Uint8Array(0));
}

export function sameHash(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
