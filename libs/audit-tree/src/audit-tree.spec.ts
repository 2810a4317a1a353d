// The tree against the vectors of RFC 6962 (as certificate-transparency publishes them), and against
// the definition, computed naively.
import { createHash, createPublicKey, verify } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { seededRandom } from '@libs/test-kit/seeded-random';
import { checkpointText, parseCheckpoint } from './checkpoint';
import { edgeOf, edgeTiles, emptyTree, grow, rootOf, type TreeEdge } from './grow-tree';
import { consistencyRanges, hashRange, inclusionRanges, type LeafRange, tilesNeeded } from './proofs';
import { noteKeyText, noteText, parseNote, parseNoteKey, signerOf } from './signed-note';
import { type TileId } from './tiles';
import { emptyRoot, leafHash, nodeHash } from './tree-hash';
import { verifyConsistency, verifyInclusion } from './verify-proof';

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const split = (count: number): number => 2 ** Math.floor(Math.log2(count - 1));

/** The definition itself: MTH, PATH and SUBPROOF of RFC 6962. */
function naiveRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return emptyRoot(sha256);
  if (leaves.length === 1) return leaves[0]!;
  const k = split(leaves.length);
  return nodeHash(sha256, naiveRoot(leaves.slice(0, k)), naiveRoot(leaves.slice(k)));
}
function naivePath(m: number, leaves: readonly Uint8Array[]): Uint8Array[] {
  if (leaves.length === 1) return [];
  const k = split(leaves.length);
  return m < k
    ? [...naivePath(m, leaves.slice(0, k)), naiveRoot(leaves.slice(k))]
    : [...naivePath(m - k, leaves.slice(k)), naiveRoot(leaves.slice(0, k))];
}
function naiveSubproof(m: number, leaves: readonly Uint8Array[], whole: boolean): Uint8Array[] {
  if (m === leaves.length) return whole ? [] : [naiveRoot(leaves)];
  const k = split(leaves.length);
  return m <= k
    ? [...naiveSubproof(m, leaves.slice(0, k), whole), naiveRoot(leaves.slice(k))]
    : [...naiveSubproof(m - k, leaves.slice(k), false), naiveRoot(leaves.slice(0, k))];
}

class StoredTree {
  edge: TreeEdge = emptyTree;
  readonly tiles = new Map<string, Uint8Array>();
  append(leaves: readonly Uint8Array[]): void {
    // From what is stored, as after a restart.
    const stored = edgeTiles(this.edge.size).map((id) => ({ ...id, hashes: this.lookup(id) }));
    const grown = grow(sha256, edgeOf(this.edge.size, stored), leaves);
    for (const { level, index, hashes } of grown.tiles) this.tiles.set(`${level}/${index}`, hashes);
    this.edge = grown.edge;
  }
  lookup = ({ level, index }: TileId): Uint8Array => this.tiles.get(`${level}/${index}`)!;
  proof(ranges: readonly LeafRange[]): Uint8Array[] {
    const allowed = new Set(tilesNeeded(ranges).map(({ level, index }) => `${level}/${index}`));
    return ranges.map((range) => hashRange(sha256, range, (id) => {
      expect(allowed.has(`${id.level}/${id.index}`)).toBe(true);
      return this.lookup(id);
    }));
  }
}

const vectorLeaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657',
  '606162636465666768696a6b6c6d6e6f'].map((text) => leafHash(sha256, Buffer.from(text, 'hex')));
const vectorRoots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

describe('the tree of RFC 6962', () => {
  it('has the published roots, whole or grown leaf by leaf', () => {
    const tree = new StoredTree();
    vectorRoots.forEach((root, size) => {
      expect(hex(rootOf(sha256, grow(sha256, emptyTree, vectorLeaves.slice(0, size)).edge))).toBe(root);
      expect(hex(rootOf(sha256, tree.edge))).toBe(root);
      tree.append(vectorLeaves.slice(size, size + 1));
    });
  });

  it('has the published proofs', () => {
    const tree = new StoredTree();
    tree.append(vectorLeaves);
    expect(tree.proof(inclusionRanges(0, 8)).map(hex)).toEqual([
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ]);
    expect(tree.proof(consistencyRanges(6, 8)).map(hex)).toEqual([
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
    expect(tree.proof(consistencyRanges(1, 1))).toEqual([]);
  });

  it('is the same as its definition for sizes of chance, and nothing else verifies', () => {
    const random = seededRandom(6962);
    for (let round = 0; round < 40; round += 1) {
      const leaves = Array.from({ length: random.whole(1, round < 30 ? 700 : 3_000) },
        () => sha256(Buffer.from(String(random.next()))));
      const tree = new StoredTree();
      for (let at = 0; at < leaves.length;) {
        const count = random.whole(1, random.chance(0.5) ? 3 : 900);
        tree.append(leaves.slice(at, at + count));
        at += count;
      }
      const size = random.whole(1, leaves.length);
      const older = random.whole(0, size);
      const index = random.whole(0, size - 1);
      const part = leaves.slice(0, size);
      const root = naiveRoot(part);
      expect(hex(rootOf(sha256, tree.edge))).toBe(hex(naiveRoot(leaves)));
      expect(hex(tree.proof([{ from: 0, to: size }])[0]!)).toBe(hex(root));
      const inclusion = tree.proof(inclusionRanges(index, size));
      expect(inclusion.map(hex)).toEqual(naivePath(index, part).map(hex));
      const leaf = { index, hash: leaves[index]! };
      expect(verifyInclusion(sha256, leaf, { size, root }, inclusion)).toBe(true);
      const consistency = tree.proof(consistencyRanges(older, size));
      const wanted = older === 0 ? [] : naiveSubproof(older, part, true);
      expect(consistency.map(hex)).toEqual(wanted.map(hex));
      const olderHead = { size: older, root: naiveRoot(leaves.slice(0, older)) };
      expect(verifyConsistency(sha256, olderHead, { size, root }, consistency)).toBe(true);
      refuses({ leaf, head: { size, root }, olderHead, inclusion, consistency });
    }
  });
});

function refuses({ leaf, head, olderHead, inclusion, consistency }: {
  leaf: { index: number; hash: Uint8Array }; head: { size: number; root: Uint8Array };
  olderHead: { size: number; root: Uint8Array }; inclusion: Uint8Array[]; consistency: Uint8Array[];
}): void {
  const other = sha256(Buffer.from('other'));
  expect(verifyInclusion(sha256, { ...leaf, hash: other }, head, inclusion)).toBe(false);
  expect(verifyInclusion(sha256, { ...leaf, index: leaf.index + 1 }, head, inclusion)).toBe(false);
  expect(verifyInclusion(sha256, leaf, { ...head, root: other }, inclusion)).toBe(false);
  expect(verifyInclusion(sha256, leaf, head, [...inclusion, other])).toBe(false);
  if (inclusion.length > 0) {
    expect(verifyInclusion(sha256, leaf, head, inclusion.slice(0, -1))).toBe(false);
  }
  if (olderHead.size === 0) return;
  expect(verifyConsistency(sha256, { ...olderHead, root: other }, head, consistency)).toBe(false);
  expect(verifyConsistency(sha256, olderHead, { ...head, root: other }, consistency)).toBe(false);
  expect(verifyConsistency(sha256, olderHead, head, [...consistency, other])).toBe(false);
}

describe('signed notes', () => {
  const verifyEd25519 = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean =>
    verify(null, message, createPublicKey({
      format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url') },
    }), signature);
  // The example of golang.org/x/mod/sumdb/note.
  const key = parseNoteKey(sha256, 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW')!;
  const note = 'If you think cryptography is the answer to your problem,\n'
    + 'then you don\'t know what your problem is.\n\n'
    + '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';

  it('of others are read and verified', () => {
    const parsed = parseNote(note)!;
    expect(signerOf(parsed, [key], verifyEd25519)).toEqual(key);
    expect(noteText(parsed)).toBe(note);
    expect(noteKeyText(key)).toContain('PeterNeumann+c74f20a3+ARpc2Qc');
  });

  it('that were changed, or signed by another, have no signer', () => {
    expect(signerOf(parseNote(note.replace('think', 'thank'))!, [key], verifyEd25519)).toBeNull();
    expect(signerOf(parseNote(note)!, [{ ...key, id: '00000000' }], verifyEd25519)).toBeNull();
    expect(parseNote(note.slice(0, -1))).toBeNull();
    expect(parseNoteKey(sha256, noteKeyText(key).replace('c74f', 'c74e'))).toBeNull();
  });

  it('carry the checkpoint of the specification', () => {
    const text = 'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n';
    const checkpoint = parseCheckpoint(text)!;
    expect(checkpoint).toMatchObject({ origin: 'example.com/behind-the-sofa', size: 20_852_163, sequence: null });
    expect(checkpointText(checkpoint)).toBe(text);
    const ours = checkpointText({ ...checkpoint, sequence: 17 });
    expect(parseCheckpoint(ours)).toMatchObject({ sequence: 17 });
    for (const wrong of [text.replace('208', '0208'), text.slice(0, -1), text.replace('CsU', 'Cs')]) {
      expect(parseCheckpoint(wrong)).toBeNull();
    }
  });
});
