// Values that a browser keeps for us: encrypted, for one purpose, and good until a time. Any ingress
// opens what another has sealed, so none has to remember sessions.
import { hkdfSync } from 'node:crypto';
import { EncryptJWT, errors, jwtDecrypt } from 'jose';

export class Sealer {
  readonly #key: Uint8Array;

  constructor(masterKey: string) {
    // A purpose of its own, so that no other secret that is derived from the master key opens it.
    this.#key = new Uint8Array(hkdfSync('sha256', masterKey, '', 'holdfast sealed values', 32));
  }

  async seal(purpose: string, value: object, untilMs: number): Promise<string> {
    return new EncryptJWT({ value })
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .setAudience(purpose)
      .setExpirationTime(Math.floor(untilMs / 1000))
      .encrypt(this.#key);
  }

  /** null: not ours, changed, for another purpose, or over. */
  async open(purpose: string, sealed: string, nowMs: number): Promise<unknown> {
    try {
      const { payload } = await jwtDecrypt(sealed, this.#key, {
        audience: purpose, currentDate: new Date(nowMs), requiredClaims: ['exp'],
        keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'],
      });
      return payload['value'] ?? null;
    } catch (error) {
      if (error instanceof errors.JOSEError) return null;
      throw error;
    }
  }
}
