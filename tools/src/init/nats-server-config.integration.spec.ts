// The configuration for servers of others, as the server itself reads it.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { natsServices } from '@libs/jetstream/permissions';
import { testNatsBinary } from '@libs/test-kit/servers';
import { renderServerConfig } from './nats-server-config';

const run = promisify(execFile);
const passwords = { admin: 'a "b"', ingress: 'b', router: 'c', workers: 'd', audit: 'e' };
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'holdfast-nats-config-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function checked(text: string): Promise<string> {
  const file = path.join(dir, 'nats.conf');
  await writeFile(file, text);
  const { path: binary } = await testNatsBinary();
  const { stderr } = await run(binary, ['-c', file, '-t'], { env: { NATS_SERVER_NAME: 'nats-1' } });
  return stderr;
}

describe('nats.conf', () => {
  it('is valid for a server alone', async () => {
    const text = renderServerConfig({ passwords, nodes: [], storeDir: dir });
    expect(await checked(text)).toContain('is valid');
    expect(text).toContain('sync_interval: "always"');
  }, 60_000);

  it('is valid for each node of a cluster', async () => {
    const nodes = ['nats-1', 'nats-2', 'nats-3'];
    const text = renderServerConfig({ passwords, nodes, storeDir: dir });
    expect(await checked(text)).toContain('is valid');
    expect(text).toContain('"nats-route://nats-3:6222"');
  }, 60_000);

  it('is made in docker-compose.yml with the passwords that the services are given', async () => {
    const compose = await readFile(path.resolve('docker-compose.yml'), 'utf8');
    for (const name of ['admin', ...natsServices]) {
      expect(compose).toMatch(new RegExp(`^ +NATS_${name.toUpperCase()}_PASSWORD: \\$\\{`, 'm'));
    }
    for (const name of natsServices) {
      expect(compose).toContain(`nats://${name}:\${NATS_${name.toUpperCase()}_PASSWORD}@nats:4222`);
    }
    expect(compose).toMatch(/"init", "--nats-config", "\/etc\/holdfast-nats\/nats\.conf"/);
  });
});
