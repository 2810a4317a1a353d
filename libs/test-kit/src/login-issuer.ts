// A small OpenID issuer on loopback: discovery, keys that can be rotated, tokens of every kind, and
// the code flow without a question to anybody. For tests that need a real one.
import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

export interface TokenOptions {
  readonly claims?: Record<string, unknown>;
  readonly issuer?: string;
  readonly audience?: string;
  readonly subject?: string;
  readonly expiresInS?: number;
  /** Named in the token's head in place of the key that signs. */
  readonly kid?: string;
  readonly typ?: string;
  /** Signed with this secret and HS256: what a forger of a shared key would try. */
  readonly secret?: string;
}

interface SigningKey {
  readonly kid: string;
  readonly privateKey: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
  readonly jwk: JWK;
}

interface Code {
  readonly challenge: string;
  readonly nonce: string;
  readonly redirectUri: string;
}

export class LoginIssuer {
  url = '';
  /** Answered in place of what was asked for, while set. */
  brokenStatus: number | null = null;
  /** How often keys were fetched. */
  keyFetches = 0;
  /** Who is logged in by the code flow. */
  user: { subject: string; claims: Record<string, unknown> } = { subject: 'user-1', claims: {} };
  readonly #codes = new Map<string, Code>();
  #keys: readonly SigningKey[] = [];
  readonly #server = createServer((request, response) => {
    this.#answer(request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });

  constructor(readonly clientId = 'holdfast') {}

  async start(): Promise<this> {
    await new Promise<void>((resolve) => { this.#server.listen(0, '127.0.0.1', resolve); });
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    await this.rotate();
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => { this.#server.close(resolve); });
  }

  /** From now on another key signs; the one before is no more. */
  async rotate(): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    const kid = randomUUID();
    const jwk = { ...await exportJWK(publicKey), kid, alg: 'ES256', use: 'sig' };
    this.#keys = [{ kid, privateKey, jwk }];
  }

  async token(options: TokenOptions = {}): Promise<string> {
    const [key] = this.#keys;
    if (key === undefined) throw new Error('the issuer was not started');
    const nowS = Math.floor(Date.now() / 1000);
    const jwt = new SignJWT({ ...options.claims })
      .setProtectedHeader({
        alg: options.secret === undefined ? 'ES256' : 'HS256', kid: options.kid ?? key.kid,
        ...(options.typ === undefined ? {} : { typ: options.typ }),
      })
      .setIssuer(options.issuer ?? this.url)
      .setAudience(options.audience ?? this.clientId)
      .setSubject(options.subject ?? 'user-1')
      .setIssuedAt(nowS)
      .setExpirationTime(nowS + (options.expiresInS ?? 300));
    const { secret } = options;
    return jwt.sign(secret === undefined ? key.privateKey : new TextEncoder().encode(secret));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    if (this.brokenStatus !== null) { response.writeHead(this.brokenStatus).end(); return; }
    if (url.pathname.startsWith('/.well-known/')) { send(response, this.#document()); return; }
    if (url.pathname === '/keys') {
      this.keyFetches += 1;
      send(response, { keys: this.#keys.map(({ jwk }) => jwk) }); return;
    }
    if (url.pathname === '/authorize') { this.#authorize(url.searchParams, response); return; }
    if (url.pathname === '/token') { await this.#exchange(request, response); return; }
    response.writeHead(404).end();
  }

  #document(): object {
    return {
      issuer: this.url, jwks_uri: `${this.url}/keys`,
      authorization_endpoint: `${this.url}/authorize`, token_endpoint: `${this.url}/token`,
      response_types_supported: ['code'], subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'], code_challenge_methods_supported: ['S256'],
    };
  }

  #authorize(query: URLSearchParams, response: ServerResponse): void {
    const code = randomUUID();
    const redirectUri = query.get('redirect_uri') ?? '';
    this.#codes.set(code, {
      challenge: query.get('code_challenge') ?? '', nonce: query.get('nonce') ?? '', redirectUri,
    });
    const back = new URL(redirectUri);
    back.searchParams.set('code', code);
    back.searchParams.set('state', query.get('state') ?? '');
    response.writeHead(302, { location: back.href }).end();
  }

  /** A code is good once, with the verifier of its challenge and for the same address. */
  async #exchange(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await textOf(request));
    const code = this.#codes.get(form.get('code') ?? '');
    this.#codes.delete(form.get('code') ?? '');
    const verifier = form.get('code_verifier') ?? '';
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    if (code?.challenge !== challenge || code.redirectUri !== form.get('redirect_uri')) {
      send(response, { error: 'invalid_grant' }, 400); return;
    }
    const { subject, claims } = this.user;
    const idToken = await this.token({ subject, claims: { ...claims, nonce: code.nonce } });
    send(response, {
      access_token: randomUUID(), token_type: 'Bearer', expires_in: 300, id_token: idToken,
    });
  }
}

function send(response: ServerResponse, body: object, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
