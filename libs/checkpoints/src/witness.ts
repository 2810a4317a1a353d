// Asks witnesses for cosignatures over HTTP (C2SP tlog-witness, add-checkpoint): each is sent the proof
// that the new checkpoint continues the last one it has seen.
import { type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import { type Checkpoint } from '@libs/audit-tree/checkpoint';
import { cosignersOf, parseWitnessKey } from '@libs/audit-tree/cosignature';
import {
  type NoteKey, type NoteSignature, parseNote, parseSignatures,
} from '@libs/audit-tree/signed-note';
import { type EgressProxy } from '@libs/settings/egress-proxy';
import { sha256, verifyEd25519 } from './ed25519';

/** Where a witness is asked, and the key it answers with. */
export interface WitnessAddress {
  /** Its submission prefix. */
  readonly url: string;
  readonly key: NoteKey;
}

/** The hashes that show that a tree of `from` event lines is the beginning of the checkpoint's. */
export type Prove = (from: number) => Promise<readonly Uint8Array[]>;

/** A witness did not cosign; the message says why. */
export class NotWitnessed extends Error {
  constructor(what: string, options?: ErrorOptions) {
    super(what, options);
    this.name = 'NotWitnessed';
  }
}

/** Long enough for a far network; checkpoints come once a minute. */
const answerTimeoutMs = 5_000;
/** A handful of signature lines. */
const answerBytesMax = 16 * 1024;

/** `URL KEY` separated by commas. null: not in that form. */
export function parseWitnesses(text: string): readonly WitnessAddress[] | null {
  const witnesses: WitnessAddress[] = [];
  for (const part of text.split(',').map((one) => one.trim()).filter((one) => one !== '')) {
    const [url, keyText, ...more] = part.split(/\s+/);
    const key = parseWitnessKey(sha256, keyText ?? '');
    if (url === undefined || key === null || more.length > 0 || !/^https?:\/\//.test(url)) return null;
    witnesses.push({ url: url.replace(/\/+$/, ''), key });
  }
  return witnesses;
}

export class Witness {
  /** Event lines of the last checkpoint that it cosigned, as far as we know. */
  #seen = 0;
  readonly #dispatcher: Dispatcher;

  constructor(private readonly address: WitnessAddress, proxy: EgressProxy) {
    this.#dispatcher = new EnvHttpProxyAgent({
      ...(proxy.httpProxy === null ? {} : { httpProxy: proxy.httpProxy }),
      ...(proxy.httpsProxy === null ? {} : { httpsProxy: proxy.httpsProxy }),
      ...(proxy.noProxy === null ? {} : { noProxy: proxy.noProxy }),
    });
  }

  get name(): string {
    return this.address.key.name;
  }

  /** Its cosignature of the signed note. @throws NotWitnessed */
  async cosign(note: string, { size }: Checkpoint, prove: Prove): Promise<NoteSignature> {
    let answer = await this.#add(note, prove);
    if (answer.status === 409 && answer.type.startsWith('text/x.tlog.size')) {
      // It knows better than we do what it has seen: we may just have started.
      const seen = Number(answer.text.trim());
      if (!/^\d{1,16}\n?$/.test(answer.text) || seen > size) {
        throw new NotWitnessed(`it has cosigned a tree of ${answer.text.trim().slice(0, 40)} event lines, `
          + `and this one has ${size}: another log under this name, or this one went back`);
      }
      this.#seen = seen;
      answer = await this.#add(note, prove);
    }
    if (answer.status !== 200) {
      throw new NotWitnessed(`it answered ${answer.status} ${answer.text.trim().slice(0, 200)}`);
    }
    const signature = this.#checked(note, answer.text);
    this.#seen = size;
    return signature;
  }

  async close(): Promise<void> {
    // Nothing is under way any more, and it may be asked for twice.
    await this.#dispatcher.destroy();
  }

  async #add(note: string, prove: Prove): Promise<Answer> {
    const proof = this.#seen === 0 ? [] : await prove(this.#seen);
    const lines = proof.map((hash) => `${Buffer.from(hash).toString('base64')}\n`);
    const body = `old ${this.#seen}\n${lines.join('')}\n${note}`;
    const signal = AbortSignal.timeout(answerTimeoutMs);
    try {
      const response = await request(`${this.address.url}/add-checkpoint`, {
        method: 'POST', body, signal, dispatcher: this.#dispatcher,
      });
      const type = String(response.headers['content-type'] ?? '');
      return { status: response.statusCode, type, text: await readText(response.body) };
    } catch (error) {
      if (error instanceof NotWitnessed) throw error;
      throw new NotWitnessed(signal.aborted ? `no answer within ${answerTimeoutMs / 1000} s`
        : `it cannot be reached: ${String(error)}`, { cause: error });
    }
  }

  #checked(note: string, lines: string): NoteSignature {
    const given = parseSignatures(lines) ?? [];
    const parsed = parseNote(note);
    const { name, id } = this.address.key;
    const found = given.find((one) => one.name === name && one.keyId === id);
    if (parsed === null || found === undefined) {
      throw new NotWitnessed('its answer has no signature by the key that is known of it');
    }
    const { right } = cosignersOf({ ...parsed, signatures: [found] }, [this.address.key], verifyEd25519);
    if (right.length === 0) throw new NotWitnessed('its signature does not fit the checkpoint');
    return found;
  }
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

async function readText(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > answerBytesMax) throw new NotWitnessed(`its answer has more than ${answerBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
