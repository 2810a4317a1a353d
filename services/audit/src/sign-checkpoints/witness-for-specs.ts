// A witness as C2SP tlog-witness describes it, small enough to stand in a test: it checks what it is
// sent, remembers the last checkpoint of each log, and cosigns.
import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { parseCheckpoint } from '@libs/audit-tree/checkpoint';
import { cosignatureOf, cosignedMessage, witnessKey, witnessKeyText } from '@libs/audit-tree/cosignature';
import { type NoteKey, noteText, parseNote, signerOf } from '@libs/audit-tree/signed-note';
import { type TreeHead, verifyConsistency } from '@libs/audit-tree/verify-proof';
import { rawPublicKey, sha256, verifyEd25519 } from '@libs/checkpoints/ed25519';

interface Reply {
  readonly status: number;
  readonly text: string;
  readonly type?: string;
}

export interface TestWitness {
  readonly url: string;
  readonly key: NoteKey;
  /** As HOLDFAST_AUDIT_WITNESSES takes it. */
  readonly setting: string;
  /** What it answered, in order. */
  readonly answers: number[];
  /** Of the last cosigned checkpoint. */
  readonly size: () => number;
  /** Forgets what it has seen, or pretends to have seen more. */
  readonly remember: (head: TreeHead | null) => void;
  /** Answers with signatures of another text from now on. */
  readonly lie: () => void;
  readonly stop: () => Promise<void>;
}

export async function startTestWitness(name: string, logKeys: () => readonly NoteKey[]): Promise<TestWitness> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const key = witnessKey(sha256, name, rawPublicKey(privateKey) as Uint8Array);
  let seen: TreeHead | null = null;
  let lies = false;
  const answers: number[] = [];
  const answer = (body: string): Reply => {
    const end = body.indexOf('\n\n');
    const [head, note] = [body.slice(0, end), body.slice(end + 2)];
    const [oldLine = '', ...lines] = head.split('\n');
    const parsed = parseNote(note);
    const checkpoint = parsed === null ? null : parseCheckpoint(parsed.text);
    const old = Number(/^old (0|[1-9]\d*)$/.exec(oldLine)?.[1] ?? NaN);
    if (parsed === null || checkpoint === null || !(old <= checkpoint.size)) return { status: 400, text: 'bad' };
    if (signerOf(parsed, logKeys(), verifyEd25519) === null) return { status: 403, text: 'unknown key' };
    if (old !== (seen?.size ?? 0)) {
      return { status: 409, text: `${seen?.size ?? 0}\n`, type: 'text/x.tlog.size' };
    }
    const proof = lines.map((line) => Buffer.from(line, 'base64'));
    const follows = seen === null ? proof.length === 0 : verifyConsistency(sha256, seen, checkpoint, proof);
    if (!follows) return { status: 422, text: 'the proof does not lead there' };
    seen = checkpoint;
    const timeS = 1_800_000_000;
    const signature = sign(null, cosignedMessage(lies ? 'another\n' : parsed.text, timeS), privateKey);
    const signed = noteText({ text: '', signatures: [cosignatureOf(key, timeS, signature)] });
    return { status: 200, text: signed.slice(1) };
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { status, text, type } = request.url === '/log/add-checkpoint'
        ? answer(Buffer.concat(chunks).toString('utf8')) : { status: 404, text: 'no such path', type: undefined };
      answers.push(status);
      response.writeHead(status, { 'content-type': type ?? 'text/plain' }).end(text);
    });
  });
  const url = await listen(server);
  return {
    url, key, answers,
    setting: `${url} ${witnessKeyText(key)}`,
    size: () => seen?.size ?? 0,
    remember: (head) => { seen = head; },
    lie: () => { lies = true; },
    stop: () => new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => { resolve(); });
    }),
  };
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/log`;
}
