// The pure parts of the supervisor: what it is told, what it passes on, what it shows.
import { describe, expect, test } from '@jest/globals';
import { emptyConfig } from '@libs/governance/desired-config';
import { simulatedConfig } from '@libs/settings/default-config';
import { crashesInARow, restartDelayMs } from './backoff';
import { completeConfig } from './load-config';
import { renderScreen, type ScreenFacts } from './screen';
import { serviceEnvironment } from './service-environment';
import { upOptions } from './up-options';

describe('what `up` is told', () => {
  test('flags win over variables, variables over defaults', () => {
    const env = { HOLDFAST_PORT: '9000', HOLDFAST_HOST: '0.0.0.0' };
    const options = upOptions({ port: '9001' }, env, '/srv');
    expect([options.port, options.host, options.dataDir])
      .toEqual([9001, '0.0.0.0', '/srv/.holdfast']);
  });

  test('a configuration file must be there only when somebody named it', () => {
    expect(upOptions({}, {}, '/srv')).toMatchObject(
      { configFile: '/srv/holdfast.yaml', configRequired: false });
    expect(upOptions({ config: 'a.yaml' }, {}, '/srv')).toMatchObject(
      { configFile: '/srv/a.yaml', configRequired: true });
    expect(upOptions({}, { HOLDFAST_CONFIG: '' }, '/srv').configRequired).toBe(false);
  });

  test('a wrong value is named', () => {
    expect(() => upOptions({ port: 'abc' }, {}, '/')).toThrow('HOLDFAST_PORT');
  });
});

describe('what a service is given', () => {
  const wiring = {
    natsUrl: 'nats://n', natsMonitorUrl: null, databaseUrl: 'postgres://d', host: 'h', port: 1,
    drainS: 2, adminToken: 'token', masterKey: 'master', bootstrapKey: 'first', publicUrl: 'http://p',
    dataDir: '/d',
  };
  const base = {
    PATH: '/bin', OPENAI_API_KEY: 'sk', DATABASE_URL: 'other', HOLDFAST_ADMIN_TOKEN: 'other',
    HOLDFAST_PORT: '8080', HTTPS_PROXY: 'http://proxy', HOLDFAST_LOG_LEVEL: 'warn',
  };

  test('provider keys reach the workers alone, proxies whoever sends to the outside', () => {
    expect(serviceEnvironment('workers', wiring, base)).toMatchObject(
      { OPENAI_API_KEY: 'sk', HTTPS_PROXY: 'http://proxy', HOLDFAST_MASTER_KEY: 'master' });
    for (const name of ['ingress', 'router', 'audit'] as const) {
      expect(serviceEnvironment(name, wiring, base)).not.toHaveProperty('OPENAI_API_KEY');
    }
    expect(serviceEnvironment('ingress', wiring, base)['HTTPS_PROXY']).toBe('http://proxy');
    expect(serviceEnvironment('router', wiring, base)).not.toHaveProperty('HTTPS_PROXY');
  });

  test('the admin token reaches the ingress alone', () => {
    expect(serviceEnvironment('ingress', wiring, base)['HOLDFAST_ADMIN_TOKEN']).toBe('token');
    for (const name of ['workers', 'router', 'audit'] as const) {
      expect(serviceEnvironment(name, wiring, base)).not.toHaveProperty('HOLDFAST_ADMIN_TOKEN');
    }
  });

  test('each listens where the supervisor says, whatever the caller’s environment says', () => {
    expect(serviceEnvironment('router', wiring, base)).toMatchObject(
      { HOLDFAST_PORT: '1', HOLDFAST_HOST: 'h', HOLDFAST_LOG_LEVEL: 'warn' });
    expect(serviceEnvironment('router', wiring, base)).not.toHaveProperty('DATABASE_URL');
  });
});

describe('a part that keeps dying', () => {
  test('comes back at once at first, then after up to five seconds', () => {
    expect([1, 2, 3, 4, 5, 9].map(restartDelayMs)).toEqual([200, 500, 1_000, 2_000, 5_000, 5_000]);
  });

  test('is forgiven after a calm time', () => {
    expect(crashesInARow(4, 0, 10_000)).toBe(5);
    expect(crashesInARow(4, 0, 60_000)).toBe(1);
  });
});

describe('the configuration to start with', () => {
  const simulated = simulatedConfig('http://sim');
  const from = { detected: null, simulated, file: 'f', notes: [] };

  test('a file with providers is taken as it is', () => {
    const given = { ...emptyConfig, providers: simulated.providers.slice(0, 1) };
    expect(completeConfig(given, from)).toMatchObject({ source: 'file', desired: given });
  });

  test('a file without providers keeps its other words beside simulated ones', () => {
    const given = { ...emptyConfig, settings: { webhooks_allow_private: false } };
    const { source, desired } = completeConfig(given, from);
    expect(source).toBe('simulated');
    expect(desired.settings).toEqual({ webhooks_allow_private: false });
    expect(desired.providers).toEqual(simulated.providers);
  });

  test('detected providers are preferred to simulated ones', () => {
    const detected = { ...emptyConfig, providers: simulated.providers.slice(0, 1) };
    expect(completeConfig(null, { ...from, detected })).toMatchObject(
      { source: 'environment', desired: detected });
  });
});

describe('the screen', () => {
  const facts: ScreenFacts = {
    url: 'http://127.0.0.1:8080', nats: 'NATS', durability: 'power-loss', postgres: 'Postgres',
    providers: ['one'], simulated: false, configFile: null, model: 'chat', dataDir: '/data',
    key: { value: 'hf-key', file: '/data/key', variable: 'HOLDFAST_BOOTSTRAP_KEY' },
    adminToken: { value: 'hfa-token', file: '/data/token', variable: 'HOLDFAST_ADMIN_TOKEN' },
    terminal: true,
  };

  test('shows secrets to a person', () => {
    expect(renderScreen(facts)).toContain('KEY=hf-key');
  });

  test('names only their files where nobody looks', () => {
    const text = renderScreen({ ...facts, terminal: false });
    expect(text).not.toMatch(/hf-key|hfa-token/);
    expect(text).toContain('/data/key');
  });

  test('never repeats a secret that came from the environment', () => {
    const text = renderScreen({ ...facts, key: { ...facts.key, file: null } });
    expect(text).not.toContain('hf-key');
    expect(text).toContain('$HOLDFAST_BOOTSTRAP_KEY');
  });

  test('says when answers are simulated and how durable the log is', () => {
    const text = renderScreen({ ...facts, simulated: true, durability: 'process-crash' });
    expect(text).toMatch(/SIMULATED/);
    expect(text).toContain('process-crash');
  });
});
