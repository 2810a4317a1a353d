// What `holdfast up` does with a configuration that the ingress refuses.
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { emptyConfig } from '@libs/governance/desired-config';
import { ConfigKeeper, type KeeperContext } from './config-keeper';
import { type LoadedConfig } from './load-config';

let server: Server | null = null;
afterEach(() => { server?.close(); });

const config: LoadedConfig = { desired: emptyConfig, source: 'file', file: 'holdfast.yaml', notes: [] };

/** A keeper before an ingress that shows a change and refuses it with this. */
async function refusedWith(status: number, code: string): Promise<{ keeper: ConfigKeeper; said: string[] }> {
  const said: string[] = [];
  server = createServer((request, response) => {
    const dry = request.url?.includes('dry_run') === true;
    response.statusCode = dry ? 200 : status;
    response.end(JSON.stringify(dry
      ? { changes: [{ action: 'remove', entity: 'key', id: 'k1', fields: [] }] }
      : { error: { code, message: 'Nothing was applied: key k1 is in use.' } }));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server?.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const keeper = new ConfigKeeper({
    ports: { ingress: port }, options: { host: '127.0.0.1', configFile: 'holdfast.yaml' },
    secrets: { adminToken: { value: 't' } }, env: {}, simUrl: '',
    terminal: { interactive: false, print: () => undefined, progress: (line: string) => { said.push(line); } },
    startSimulator: () => Promise.resolve(),
  } as unknown as KeeperContext);
  return { keeper, said };
}

describe('at start', () => {
  test('a file that would cut keys in use is said, and what was applied before is served', async () => {
    const { keeper, said } = await refusedWith(409, 'keys_in_use');
    await keeper.applyFirst(config);
    expect(said).toEqual([
      '  removed key k1',
      'not applied, the former configuration stays:\nNothing was applied: key k1 is in use.',
      'if that is meant: holdfast apply holdfast.yaml --force',
    ]);
  });

  test('any other refusal ends the start', async () => {
    const { keeper } = await refusedWith(400, 'invalid_config');
    await expect(keeper.applyFirst(config)).rejects.toThrow('The configuration was not applied (400): Nothing');
  });
});
