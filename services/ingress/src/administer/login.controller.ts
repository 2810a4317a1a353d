// Logging in to administration with a browser, at the configured issuer, and out again.
import { Controller, Get, Inject, Post, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type OidcConfig } from '@libs/events/administrator-events';
import { systemTenant } from '@libs/governance/state';
import { claimValues } from '@libs/oidc/claims';
import { type CodeClient } from '@libs/oidc/code-flow';
import { resolveSecret, SecretUnavailable } from '@libs/settings/secret-ref';
import { Edge } from '../shared/edge';
import { loggedIn } from '../shared/identify';
import { type HttpRefusal, isRefusal, refusal } from '../shared/refusal';
import { refusalOfError, sendRefusal } from '../shared/respond';
import {
  cookieOf, publicUrl, sealSession, sessionCookie, sessionMs, setCookie,
} from '../shared/sessions';
import { recordAct } from './record-act';

const pendingCookie = 'holdfast_login';
const callbackPath = '/admin/v1/callback';
/** Long enough to look for a second factor. */
const pendingMs = 10 * 60_000;
const purpose = 'login';

const pendingLogin = z.object({
  state: z.string(), nonce: z.string(), verifier: z.string(), returnTo: z.string(),
});
/** A path of ours: a login must not send anybody elsewhere. */
const ownPath = /^\/(?![/\\])[\w\-./?=&%#]*$/;

@Controller('admin/v1')
export class LoginController {
  constructor(@Inject(Edge) private readonly edge: Edge) {}

  @Get('login')
  login(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#guarded(request, reply, async (client) => {
      const { return_to: given } = request.query as { return_to?: unknown };
      const returnTo = typeof given === 'string' && ownPath.test(given)
        ? given : '/admin/v1/whoami';
      const { url, pending } = await this.edge.codeFlow.begin(client);
      const value = await this.edge.sealer.seal(
        purpose, { ...pending, returnTo }, this.edge.now() + pendingMs);
      // Lax: the way back from the issuer begins at another site.
      setCookie(this.edge, request, reply, {
        name: pendingCookie, value, path: callbackPath, sameSite: 'Lax', maxAgeS: pendingMs / 1000,
      });
      void reply.code(302).header('location', url).header('cache-control', 'no-store').send();
      return null;
    });
  }

  @Get('callback')
  callback(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#guarded(request, reply, async (client, oidc) => {
      const sealed = cookieOf(request, pendingCookie) ?? '';
      const opened = pendingLogin.safeParse(
        await this.edge.sealer.open(purpose, sealed, this.edge.now()));
      if (!opened.success) {
        return refusal(400, 'no_login_begun',
          'No login was begun with this browser in the last ten minutes; begin at /admin/v1/login.');
      }
      const query = request.url.split('?')[1] ?? '';
      const verified = await this.edge.codeFlow.finish(
        client, opened.data, query, this.edge.now());
      if (!verified.ok) return this.#denied(request, verified.reason);
      const { login } = verified;
      const actor = loggedIn(oidc, login, { via: 'session', source: request.ip });
      if (isRefusal(actor)) { this.#denied(request, actor.code); return actor; }
      const untilMs = this.edge.now() + sessionMs;
      const value = await sealSession(this.edge, {
        subject: login.subject, email: login.email, issuer: login.issuer, untilMs,
        values: [...claimValues(login.claims, oidc.roles_claim)],
      });
      await recordAct(this.edge, actor, { act: 'login', about: 'session', detail: {} });
      setCookie(this.edge, request, reply, {
        name: sessionCookie, value, path: '/', sameSite: 'Strict', maxAgeS: sessionMs / 1000,
      });
      sendOn(reply, opened.data.returnTo);
      return null;
    });
  }

  @Post('logout')
  logout(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    setCookie(this.edge, request, reply, {
      name: sessionCookie, value: '', path: '/', sameSite: 'Strict', maxAgeS: 0,
    });
    void reply.code(204).send();
  }

  async #guarded(
    request: FastifyRequest, reply: FastifyReply,
    act: (client: CodeClient, oidc: OidcConfig) => Promise<HttpRefusal | null>,
  ): Promise<void> {
    try {
      const { oidc } = this.edge.governance.state;
      const client = oidc === null ? noLogins : clientOf(this.edge, request, oidc);
      const refused = isRefusal(client) || oidc === null ? client as HttpRefusal
        : await act(client, oidc);
      if (refused !== null) sendRefusal(reply, 'openai', refused);
    } catch (error) {
      sendRefusal(reply, 'openai', refusalOfError(error, this.edge.logger));
    }
  }

  #denied(request: FastifyRequest, reason: string): HttpRefusal {
    this.edge.denials.note({ source: request.ip, key: null, tenant: systemTenant, reason });
    return refusal(401, reason, 'The issuer has not confirmed this login; begin at /admin/v1/login.');
  }
}

const noLogins = refusal(404, 'no_logins',
  'Logins with a browser are not configured: oidc.issuer and oidc.client_id.');

function clientOf(
  edge: Edge, request: FastifyRequest, oidc: OidcConfig,
): CodeClient | HttpRefusal {
  const { issuer, client_id: clientId, client_secret: ref, scopes } = oidc;
  if (clientId === null) return noLogins;
  try {
    return {
      issuer, clientId, scopes,
      clientSecret: ref === null ? null : resolveSecret(ref).reveal(),
      redirectUri: `${publicUrl(edge, request)}${callbackPath}`,
    };
  } catch (error) {
    if (!(error instanceof SecretUnavailable)) throw error;
    edge.logger.error({ err: error }, 'the client secret for logins cannot be read');
    return refusal(503, 'client_secret_missing', `Logins are not possible: ${error.message}.`);
  }
}

/** As a page, not a redirect: a browser that still comes from the issuer sends no strict cookie. */
function sendOn(reply: FastifyReply, path: string): void {
  const escaped = path.replaceAll('&', '&amp;');
  void reply.code(200).type('text/html; charset=utf-8').headers({
    'cache-control': 'no-store', 'content-security-policy': "default-src 'none'",
  }).send(`<!doctype html><title>Holdfast</title><meta http-equiv="refresh" content="0;url=${escaped}">`
    + `<a href="${escaped}">Go on</a>\n`);
}
