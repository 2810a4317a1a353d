// Bundles of a log whose key is being replaced: who trusts one of the keys that signed is answered.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { checkpointText } from '@libs/audit-tree/checkpoint';
import { noteKeyText } from '@libs/audit-tree/signed-note';
import { leafHash } from '@libs/audit-tree/tree-hash';
import { sha256 } from '@libs/checkpoints/ed25519';
import { keptSigningKey, type SigningKey, signingWith } from '@libs/checkpoints/signing-key';
import { type Bundle } from './bundle';
import { checkBundle } from './check-bundle';

let folder = '';
let next: SigningKey;
let former: SigningKey;
let stranger: SigningKey;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'holdfast-bundle-'));
  next = await keptSigningKey(path.join(folder, 'next'), 'holdfast/log');
  former = await keptSigningKey(path.join(folder, 'former'), 'holdfast/log');
  stranger = await keptSigningKey(path.join(folder, 'stranger'), 'holdfast/log');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const event = '{"id":"one"}';

/** Of a log with one event line. */
function bundleOf(signer: SigningKey, publicKey: SigningKey): Bundle {
  const text = checkpointText({
    origin: 'holdfast/log', size: 1, root: leafHash(sha256, Buffer.from(event)), sequence: 1,
  });
  return {
    format: 'holdfast-bundle/1', about: { job: 'job_1' }, public_key: noteKeyText(publicKey),
    checkpoint: signer.signed(text),
    events: [{ leaf_index: 0, event, proof: [], archive: { sequence: 1, line: 0 } }],
  };
}

describe('a bundle that two keys signed', () => {
  it.each([['the next', () => next], ['the former', () => former]])('is proved to who trusts %s', (_which, key) => {
    const bundle = bundleOf(signingWith(next, [former]), next);
    expect(checkBundle(JSON.stringify(bundle), [key()])).toMatchObject({
      events: 1, trusted: true, gapless: false, key: { id: key().id }, problems: [],
    });
  });

  it('is not proved to who trusts neither, and says who signed', () => {
    const bundle = bundleOf(signingWith(next, [former]), next);
    const { problems, trusted } = checkBundle(JSON.stringify(bundle), [stranger]);
    expect(trusted).toBe(false);
    expect(problems).toMatchObject([{ kind: 'signature' }]);
    expect(problems[0]!.message).toContain(next.id);
    expect(problems[0]!.message).toContain(former.id);
  });

  it('proves nothing when it names a key that did not sign it', () => {
    const bundle = bundleOf(signingWith(next, [former]), stranger);
    expect(checkBundle(JSON.stringify(bundle), [former]).problems).toMatchObject([{ kind: 'signature' }]);
    expect(checkBundle(JSON.stringify(bundle), []).problems).toMatchObject([{ kind: 'signature' }]);
  });
});
