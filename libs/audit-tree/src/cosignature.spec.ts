// Rules of cosignatures: the key ids and messages of C2SP, and whose word counts.
import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import {
  cosignatureOf, cosignedMessage, cosignersOf, parseWitnessKey, witnessKey, witnessKeyText,
} from './cosignature';
import { parseNote, parseNoteKey } from './signed-note';

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const text = 'example.com/log\n3\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n';
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const raw = Buffer.from((publicKey.export({ format: 'jwk' }) as { x: string }).x, 'base64url');
const key = witnessKey(sha256, 'witness.example/w1', raw);
const check = (bytes: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean => {
  const x = Buffer.from(bytes).toString('base64url');
  return verify(null, message, createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } }), signature);
};
const cosigned = (timeS: number, message = cosignedMessage(text, timeS)): ReturnType<typeof cosignatureOf> =>
  cosignatureOf(key, timeS, sign(null, message, privateKey));

describe('a cosignature', () => {
  it('is over the time and the whole text', () => {
    expect(Buffer.from(cosignedMessage(text, 1_679_315_147)).toString())
      .toBe(`cosignature/v1\ntime 1679315147\n${text}`);
    expect(cosignersOf({ text, signatures: [cosigned(7)] }, [key], check))
      .toEqual({ right: [{ witness: key, timeS: 7 }], wrong: [] });
  });

  it('with another time, of another text or cut short is wrong', () => {
    const { signature } = cosigned(7);
    const later = Buffer.from(signature);
    later[7] = 8;
    for (const bad of [later, Buffer.from(signature).subarray(0, 20), cosigned(7, Buffer.from(text)).signature]) {
      const note = { text, signatures: [{ name: key.name, keyId: key.id, signature: bad }] };
      expect(cosignersOf(note, [key], check)).toEqual({ right: [], wrong: [key] });
    }
  });

  it('of who is not known counts neither way', () => {
    expect(cosignersOf({ text, signatures: [cosigned(7)] }, [], check)).toEqual({ right: [], wrong: [] });
  });
});

describe('the key of a witness', () => {
  it('has a text of its own, which is no key that signs checkpoints', () => {
    expect(parseWitnessKey(sha256, witnessKeyText(key))).toEqual({ ...key, publicKey: new Uint8Array(raw) });
    expect(parseNoteKey(sha256, witnessKeyText(key))).toBeNull();
    expect(parseWitnessKey(sha256, witnessKeyText({ ...key, id: '00000000' }))).toBeNull();
  });

  it('has its id from name, algorithm 4 and key, as in the example of the specification', () => {
    const note = parseNote(`${text}\n— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWX`
      + 'EhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n');
    const [signature] = note!.signatures;
    expect(signature!.keyId).toBe('8d66cf3f');
    expect(signature!.signature).toHaveLength(72);
    expect(Number(Buffer.from(signature!.signature).readBigUInt64BE())).toBe(1_679_315_147);
  });
});
