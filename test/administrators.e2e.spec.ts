// Administrators from outside: what each role can do on a whole running system, tokens and logins that
// are no more, acts and reads of content in the log, guesses that are counted.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectLog } from '@libs/jetstream/connect';
import { readableEvents } from '@libs/log/readable-events';
import { createLogger } from '@libs/telemetry/logger';
import { LoginIssuer } from '@libs/test-kit/login-issuer';
import { startProviderSim } from '../tools/provider-sim/src/start';
import { chat, type JobView, submit } from './support/api';
import { eventually, type Holdfast, startHoldfast } from './support/holdfast';

const run = promisify(execFile);
const fileToken = 'hfa_of-the-file-0000000000000000000000000';
let issuer: LoginIssuer;
let sim: Awaited<ReturnType<typeof startProviderSim>>;
let holdfast: Holdfast;
const tokens: Record<string, string> = {};

const config = (): string => `
providers:
  - { id: sim, type: openai, base_url: "${sim.url}/p/sim/v1", api_key: env:SIM_KEY, models: ["sim-small"] }
administrators:
  - { id: filed, role: operator, token: env:FILED_TOKEN }
oidc: { issuer: "${issuer.url}", client_id: holdfast, roles: { audit: auditor } }
`;

beforeAll(async () => {
  issuer = await new LoginIssuer().start();
  sim = await startProviderSim({ port: 0 });
  holdfast = await startHoldfast({ config: config(), env: { SIM_KEY: 'sk-sim', FILED_TOKEN: fileToken } });
}, 180_000);
afterAll(async () => {
  await holdfast.stop();
  await sim.close();
  await issuer.stop();
}, 60_000);

type Body = Record<string, unknown> & { error?: { code: string; message: string } };
async function as(token: string | null, method: string, path: string, body?: unknown): Promise<{ status: number; body: Body }> {
  const answer = await fetch(`${holdfast.url}${path}`, {
    method,
    headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: JSON.parse(await answer.text()) as Body };
}

async function cli(token: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { ...process.env, HOLDFAST_ADMIN_TOKEN: token, HOLDFAST_URL: holdfast.url };
  return run(process.execPath, ['dist/tools/holdfast.js', ...args], { env })
    .then(({ stdout, stderr }) => ({ code: 0, out: stdout.trim(), err: stderr }))
    .catch((error: unknown) => {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, out: stdout.trim(), err: stderr };
    });
}

interface Told { type: string; subject: string; sequence: number; data: Record<string, unknown> }
/** What stands in the log itself. */
async function logged(...types: string[]): Promise<Told[]> {
  const { nats } = await holdfast.processes();
  const { admin } = JSON.parse(await readFile(`${holdfast.dataDir}/secrets/nats-users.json`, 'utf8')) as { admin: string };
  const connection = await connectLog({
    urls: nats!.url.replace('//', `//admin:${encodeURIComponent(admin)}@`), name: 'e2e',
  }, createLogger({ service: 'e2e', instance: 'e2e', level: 'silent' }));
  const found: Told[] = [];
  const following = await connection.log.follow({
    subjects: ['events.>'], after: null, onStopped: () => undefined,
    onCommit: (commit) => {
      for (const event of readableEvents(commit)) {
        if (types.includes(event.type)) found.push({ ...event, sequence: commit.sequence });
      }
    },
  });
  await following.caughtUp();
  await following.stop();
  await connection.close();
  return found;
}

describe('administrators', () => {
  it('are made by an owner at the terminal, and their tokens printed once', async () => {
    for (const role of ['owner', 'operator', 'auditor']) {
      const made = await cli(holdfast.adminToken, 'admins', 'create', `the-${role}`, '--role', role);
      expect(made.out).toMatch(/^hfa_[\w-]{43}$/);
      tokens[role] = made.out;
    }
    const listed = await cli(tokens['owner']!, 'admins', 'list', '--json');
    expect((JSON.parse(listed.out) as { id: string }[]).map(({ id }) => id))
      .toEqual(['filed', 'the-owner', 'the-operator', 'the-auditor']);
    for (const token of Object.values(tokens)) expect(listed.out).not.toContain(token);
    const me = await cli('', 'admins', 'whoami', '--json', '--token', tokens['auditor']!);
    expect(JSON.parse(me.out)).toMatchObject({ id: 'the-auditor', role: 'auditor' });
    expect(await as(fileToken, 'GET', '/admin/v1/whoami')).toMatchObject({ body: { id: 'filed', role: 'operator' } });
  }, 60_000);

  it.each([
    ['auditor', [200, 200, 403, 403, 403]], ['operator', [200, 200, 201, 403, 403]], ['owner', [200, 200, 201, 201, 409]],
  ])('with the role %s can do what it reaches, and no more', async (role, expected) => {
    const token = tokens[role]!;
    const statuses = [
      (await as(token, 'GET', '/admin/v1/config')).status,
      (await as(token, 'GET', '/admin/v1/keys')).status,
      (await as(token, 'POST', '/admin/v1/customers', { id: `by-${role}` })).status,
      (await as(token, 'POST', '/admin/v1/administrators', { id: `by-${role}`, role: 'auditor' })).status,
      (await as(token, 'DELETE', '/admin/v1/administrators/the-owner')).status,
    ];
    expect(statuses).toEqual(expected);
  });

  it('that were revoked or have expired are refused at once', async () => {
    expect((await cli(tokens['owner']!, 'admins', 'revoke', 'by-owner')).out).toBe('revoked by-owner');
    const short = await as(tokens['owner']!, 'POST', '/admin/v1/administrators', { id: 'short', role: 'auditor', expires_at: Math.floor(Date.now() / 1000) + 5 });
    const token = String(short.body['token']);
    expect((await as(token, 'GET', '/admin/v1/whoami')).status).toBe(200);
    await eventually('its end', async () => (await as(token, 'GET', '/admin/v1/whoami')).body.error?.code === 'expired_admin_token');
    expect((await as(tokens['owner']!, 'DELETE', '/admin/v1/administrators/short')).status).toBe(200);
    expect((await as(token, 'GET', '/admin/v1/whoami')).body.error?.code).toBe('revoked_admin_token');
  }, 60_000);

  it('may come from the issuer of the file, with what its claim says', async () => {
    const login = await issuer.token({ claims: { roles: ['audit'], email: 'eve@example.com' } });
    expect((await as(login, 'GET', '/admin/v1/whoami')).body).toMatchObject({ id: 'oidc:user-1', role: 'auditor' });
    expect((await as(login, 'POST', '/admin/v1/customers', { id: 'x' })).status).toBe(403);
    const other = await issuer.token({ audience: 'other', claims: { roles: ['audit'] } });
    expect((await as(other, 'GET', '/admin/v1/whoami')).status).toBe(401);
  });

  it('that guess are refused and counted', async () => {
    await Promise.all(Array.from({ length: 300 }, async (_, index) => {
      expect((await as(`hfa_${index}`, 'POST', '/admin/v1/keys', { id: 'x' })).status).toBe(401);
    }));
    const counted = await eventually('the count', async () => {
      const denied = await logged('RequestDenied');
      const guesses = denied.filter(({ data }) => data['reason'] === 'invalid_admin_token');
      return guesses.reduce((sum, { data }) => sum + Number(data['count']), 0) >= 300 ? guesses : null;
    });
    expect(counted.length).toBeLessThan(5);
  }, 60_000);

  it('leave what they changed and who they were in one commit, before and after with it', async () => {
    await as(tokens['operator']!, 'PUT', '/admin/v1/customers/by-operator', { name: 'New' });
    const found = await logged('AdminActed', 'CustomerSet');
    const act = found.findLast(({ type, data }) => type === 'AdminActed' && data['about'] === 'customers/by-operator')!;
    expect(act.data).toMatchObject({ actor: 'the-operator', role: 'operator', via: 'token', before: { name: null }, after: { name: 'New' } });
    expect(found.filter(({ sequence }) => sequence === act.sequence).map(({ type }) => type)).toEqual(['AdminActed', 'CustomerSet']);
    const applied = found.find(({ data }) => data['act'] === 'config.apply')!;
    expect(applied.data).toMatchObject({ actor: 'admin', via: 'root_token' });
    expect(JSON.stringify(found)).not.toContain(fileToken);
  });
});

describe('the content of a job', () => {
  let job: JobView;

  it('is given to an administrator with an event that says so, and to its client with none', async () => {
    job = await submit(holdfast, chat('a secret of acme'));
    const shown = await eventually('the job', async () => {
      const view = await as(tokens['auditor']!, 'GET', `/admin/v1/jobs/${job.id}`);
      return view.body['status'] === 'succeeded' ? view : null;
    });
    expect(JSON.stringify(shown)).not.toContain('a secret of acme');
    const content = await eventually('the archive', async () => {
      const answer = await as(tokens['auditor']!, 'GET', `/admin/v1/jobs/${job.id}/content?reason=ticket`);
      return answer.status === 200 ? answer.body : null;
    });
    expect(content['request']).toContain('a secret of acme');
    expect(content['answer']).toMatchObject({ status: 200 });
    await fetch(`${holdfast.url}/v1/jobs/${job.id}/result`, { headers: { authorization: `Bearer ${holdfast.key}` } });
    const reads = await logged('ContentRead');
    expect(reads.length).toBeGreaterThan(0);
    expect(reads.every(({ data }) => data['actor'] === 'the-auditor' && data['job'] === job.id && data['reason'] === 'ticket')).toBe(true);
  }, 60_000);

  it('and its end are in the hands of an operator, who stands beside it in its story', async () => {
    const failed = await submit(holdfast, chat('again', 'sim-small'), { deadline_s: 1, run_at: Math.floor(Date.now() / 1000) + 3_600 });
    await as(tokens['operator']!, 'POST', `/admin/v1/jobs/${failed.id}/cancel`, { reason: 'runaway' });
    const canceled = await eventually('its end', async () => {
      const { body } = await as(tokens['auditor']!, 'GET', `/admin/v1/jobs/${failed.id}`);
      return body['status'] === 'canceled' ? body : null;
    });
    expect(canceled['customer']).toBe('default');
    expect((await as(tokens['operator']!, 'POST', `/admin/v1/jobs/${failed.id}/redrive`)).body.error?.code).toBe('not_redrivable');
    const timeline = await eventually('the archive', async () => {
      const { body } = await as(tokens['auditor']!, 'GET', `/admin/v1/jobs/${failed.id}/events`);
      const types = (body['data'] as { type: string }[] | undefined)?.map(({ type }) => type) ?? [];
      return types.includes('JobCanceled') ? types : null;
    });
    expect(timeline).toContain('AdminActed');
    const own = await fetch(`${holdfast.url}/v1/jobs/${failed.id}/events`, { headers: { authorization: `Bearer ${holdfast.key}` } });
    expect(await own.text()).not.toContain('the-operator');
  }, 60_000);
});
