// An issuer of logins as its discovery document describes it, with its keys: fetched when first
// needed, kept, and fetched again when a key is not among them.
import {
  createRemoteJWKSet, customFetch, type FetchImplementation, type JWTVerifyGetKey,
} from 'jose';
import { z } from 'zod';
import { Fault } from '@libs/faults/faults';

export interface IssuerOptions {
  readonly fetch: typeof fetch;
  readonly now: () => number;
  /** After this an issuer counts as down: an administrator waits for the answer. */
  readonly timeoutMs?: number;
  /** Between two looks for a key that is not known; else anybody could make us ask for ever. */
  readonly cooldownMs?: number;
}

export interface IssuerDocument {
  readonly issuer: string;
  readonly jwksUri: string;
  /** As the issuer sent it. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

const timeoutMsDefault = 3_000;
const cooldownMsDefault = 10_000;
/** Documents and keys change by rotation, which an unknown key shows; this catches withdrawn keys. */
const freshMs = 10 * 60_000;
/** A down issuer is not asked with every request. */
const downMs = 2_000;

const document = z.looseObject({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) });

interface Known {
  readonly untilMs: number;
  readonly document: Promise<IssuerDocument>;
}

export class Issuers {
  readonly #documents = new Map<string, Known>();
  readonly #keys = new Map<string, JWTVerifyGetKey>();

  constructor(private readonly options: IssuerOptions) {}

  /** @throws Fault issuer_unavailable */
  async document(issuer: string): Promise<IssuerDocument> {
    const nowMs = this.options.now();
    const known = this.#documents.get(issuer);
    if (known !== undefined && known.untilMs > nowMs) return known.document;
    const document = this.#discover(issuer);
    // While it is asked and shortly after a failure nobody else asks; a good one is kept for longer.
    this.#documents.set(issuer, { untilMs: nowMs + downMs + this.#timeoutMs, document });
    document.then(
      () => this.#documents.set(issuer, { untilMs: this.options.now() + freshMs, document }),
      () => this.#documents.set(issuer, { untilMs: this.options.now() + downMs, document }),
    );
    return document;
  }

  /** Finds the key that a token names. @throws Fault issuer_unavailable */
  async keys(issuer: string): Promise<JWTVerifyGetKey> {
    const { jwksUri } = await this.document(issuer);
    const known = this.#keys.get(jwksUri);
    if (known !== undefined) return known;
    const fetchKeys: FetchImplementation = (url, options) =>
      this.options.fetch(url, options).catch((error: unknown) => {
        throw unavailable(issuer, error);
      });
    const keys = createRemoteJWKSet(new URL(jwksUri), {
      timeoutDuration: this.#timeoutMs,
      cooldownDuration: this.options.cooldownMs ?? cooldownMsDefault,
      cacheMaxAge: freshMs,
      [customFetch]: fetchKeys,
    });
    this.#keys.set(jwksUri, keys);
    return keys;
  }

  get #timeoutMs(): number {
    return this.options.timeoutMs ?? timeoutMsDefault;
  }

  async #discover(issuer: string): Promise<IssuerDocument> {
    const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    let text: string;
    try {
      const answer = await this.options.fetch(url, {
        redirect: 'error', signal: AbortSignal.timeout(this.#timeoutMs),
        headers: { accept: 'application/json' },
      });
      text = await answer.text();
      if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
    } catch (error) {
      throw unavailable(issuer, error);
    }
    return readDocument(issuer, text);
  }
}

function readDocument(issuer: string, text: string): IssuerDocument {
  try {
    const metadata = document.parse(JSON.parse(text));
    if (metadata.issuer !== issuer) throw new Error(`it calls itself ${metadata.issuer}`);
    return { issuer, jwksUri: metadata.jwks_uri, metadata };
  } catch (error) {
    throw unavailable(issuer, error);
  }
}

export function unavailable(issuer: string, cause: unknown): Fault {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new Fault('issuer_unavailable', `the issuer ${issuer} is of no use: ${why}`, { cause });
}
