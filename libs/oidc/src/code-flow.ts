// Logging in with a browser: the authorization code flow with PKCE. What the issuer sends back is
// checked like any other token of it.
import {
  allowInsecureRequests, authorizationCodeGrant, buildAuthorizationUrl, calculatePKCECodeChallenge,
  ClientSecretPost, Configuration, customFetch, None, randomNonce, randomPKCECodeVerifier,
  randomState, type ServerMetadata,
} from 'openid-client';
import { isFault } from '@libs/faults/faults';
import { type Issuers, unavailable } from './issuer';
import { type TokenVerified, verifyToken } from './verify-token';

export interface CodeClient {
  readonly issuer: string;
  readonly clientId: string;
  /** null: a public client, which PKCE alone protects. */
  readonly clientSecret: string | null;
  readonly redirectUri: string;
  readonly scopes: string;
}

/** What must come back unchanged with the browser. */
export interface PendingLogin {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

export class CodeFlow {
  constructor(
    private readonly issuers: Issuers,
    private readonly fetchBy: typeof fetch,
  ) {}

  /** @throws Fault issuer_unavailable */
  async begin(client: CodeClient): Promise<{ url: string; pending: PendingLogin }> {
    const configuration = await this.#configuration(client);
    const pending = {
      state: randomState(), nonce: randomNonce(), verifier: randomPKCECodeVerifier(),
    };
    const url = buildAuthorizationUrl(configuration, {
      redirect_uri: client.redirectUri, scope: client.scopes, state: pending.state,
      nonce: pending.nonce, code_challenge: await calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: 'S256',
    });
    return { url: url.href, pending };
  }

  /** `query`: of the address that the issuer sent the browser to. @throws Fault issuer_unavailable */
  async finish(
    client: CodeClient, pending: PendingLogin, query: string, nowMs: number,
  ): Promise<TokenVerified> {
    const configuration = await this.#configuration(client);
    let idToken: string | undefined;
    try {
      const answer = await authorizationCodeGrant(
        configuration, new URL(`${client.redirectUri}?${query}`), {
          pkceCodeVerifier: pending.verifier, expectedState: pending.state,
          expectedNonce: pending.nonce, idTokenExpected: true,
        });
      idToken = answer.id_token;
    } catch (error) {
      const { cause } = error as { readonly cause?: unknown };
      if (isFault(error) || isFault(cause)) throw isFault(error) ? error : cause;
      // A code that is not taken, a state that is not ours, an issuer that said no.
      return { ok: false, reason: 'login_invalid' };
    }
    if (idToken === undefined) return { ok: false, reason: 'login_invalid' };
    const expected = { issuer: client.issuer, audience: client.clientId };
    return verifyToken(this.issuers, idToken, expected, nowMs);
  }

  async #configuration({ issuer, clientId, clientSecret }: CodeClient): Promise<Configuration> {
    const { metadata } = await this.issuers.document(issuer);
    const configuration = new Configuration(
      metadata as unknown as ServerMetadata, clientId, {},
      clientSecret === null ? None() : ClientSecretPost(clientSecret));
    const { fetchBy } = this;
    configuration[customFetch] = (url, options) =>
      fetchBy(url, options as RequestInit).catch((error: unknown) => {
        throw unavailable(issuer, error);
      });
    // An issuer on this machine; any other was refused when it was configured.
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- marked so to stand out, not to go
    if (issuer.startsWith('http:')) allowInsecureRequests(configuration);
    return configuration;
  }
}
