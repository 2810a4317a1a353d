// The single checks of `holdfast doctor`. Each one finishes by itself and never throws.
import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import { readDurability } from '@libs/jetstream/capabilities';
import { probeNatsServer } from '@libs/servers/find-nats-server';
import { isPortFree } from '@libs/servers/free-port';
import { isAtLeast, preferredNats, versionText } from '@libs/servers/nats-version';
import { findPostgresBinaries } from '@libs/servers/postgres-binaries';
import { withoutRoot } from '@libs/servers/unprivileged';
import { type Environment } from '@libs/settings/environment';
import { dirOf, processes, type AccessFlags } from '../shared/access';
import { binDir } from '../shared/program-root';
import { describeError } from '../shared/failure';
import { loadConfig } from '../supervisor/load-config';
import { withoutCredentials } from '../supervisor/start-stores';
import { upOptions } from '../supervisor/up-options';

export interface Finding {
  readonly name: string;
  readonly state: 'ok' | 'warn' | 'bad';
  readonly detail: string;
}

type Check = Promise<Finding | Finding[]>;

export function checks(flags: AccessFlags, env: Environment): Check[] {
  const guarded = (name: string, check: () => Promise<Finding | Finding[]>): Check =>
    check().catch((error: unknown) => ({ name, state: 'bad' as const, detail: describeError(error) }));
  return [
    guarded('node', node),
    guarded('nats-server', () => natsServer(flags, env)),
    guarded('postgres', () => postgres(flags, env)),
    guarded('configuration', () => configuration(flags, env)),
    guarded('data directory', () => dataDirectory(flags, env)),
    guarded('running', () => running(flags, env)),
  ];
}

const node = (): Promise<Finding> =>
  Promise.resolve({ name: 'node', state: 'ok', detail: process.version });

async function natsServer(flags: AccessFlags, env: Environment): Promise<Finding> {
  const name = 'nats-server';
  const url = env['NATS_URL'];
  if (url !== undefined && url !== '') {
    const detail = `NATS_URL names ${withoutCredentials(url)}`;
    return { name, state: 'ok', detail };
  }
  const folders = (env['PATH'] ?? '').split(path.delimiter).map((dir) => path.join(dir, name));
  const places = [env['HOLDFAST_NATS_SERVER'] ?? '', ...folders,
    path.join(await binDir(dirOf(flags, env).bin), name)].filter((place) => place !== '');
  for (const place of places) {
    const binary = await probeNatsServer(place);
    if (binary === null) continue;
    const good = isAtLeast(binary.version, preferredNats);
    const note = good ? '' : `; ${versionText(preferredNats)} or newer is preferred`;
    return { name, state: good ? 'ok' : 'warn', detail: `${versionText(binary.version)} at ${place}${note}` };
  }
  return { name, state: 'warn', detail: 'none here yet; `holdfast up` will try to fetch one' };
}

async function postgres(flags: AccessFlags, env: Environment): Promise<Finding> {
  const name = 'postgres';
  const url = env['DATABASE_URL'];
  if (url !== undefined && url !== '') {
    return { name, state: 'ok', detail: `DATABASE_URL names ${withoutCredentials(url)}` };
  }
  const { postgres: binary } = await findPostgresBinaries(path.join(dirOf(flags, env).postgres, 'lib'));
  await withoutRoot();
  return { name, state: 'ok', detail: `embedded: ${binary}` };
}

async function configuration(flags: AccessFlags, env: Environment): Promise<Finding> {
  const options = upOptions(flags.dataDir === undefined ? {} : { dataDir: flags.dataDir },
    env, process.cwd());
  const { file, source, desired } = await loadConfig({
    ...options, env, simUrl: 'http://127.0.0.1:1',
  });
  const providers = desired.providers.map(({ provider }) => provider).join(', ');
  return {
    name: 'configuration', state: source === 'simulated' ? 'warn' : 'ok',
    detail: `${file ?? 'no file'}; providers: ${providers} (${source})`,
  };
}

async function dataDirectory(flags: AccessFlags, env: Environment): Promise<Finding> {
  const { root } = dirOf(flags, env);
  const there = await access(root).then(() => true, () => false);
  await access(there ? root : path.dirname(root), constants.W_OK);
  const detail = there ? root : `${root} (made on the first start)`;
  return { name: 'data directory', state: 'ok', detail };
}

async function running(flags: AccessFlags, env: Environment): Promise<Finding[]> {
  const parts = await processes(dirOf(flags, env));
  if (parts === null) {
    const free = await isPortFree(8080);
    return [{
      name: 'running', state: free ? 'ok' : 'warn',
      detail: free ? 'nothing in this data directory' : 'nothing here, but port 8080 is in use',
    }];
  }
  const found = Object.entries(parts).map(async ([name, part]): Promise<Finding> => {
    const at = `process ${part?.pid ?? 0}, ${part?.url ?? ''}`;
    if (!['ingress', 'router', 'workers', 'audit'].includes(name)) return { name, state: 'ok', detail: at };
    return await health(name, part?.url ?? '', at);
  });
  const monitor = env['NATS_MONITOR_URL'];
  const durability = monitor === undefined ? [] : [{
    name: 'durability', state: 'ok' as const, detail: await readDurability(monitor),
  }];
  return [...await Promise.all(found), ...durability];
}

async function health(name: string, url: string, at: string): Promise<Finding> {
  const answer = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(3_000) })
    .catch(() => null);
  if (answer === null) return { name, state: 'bad', detail: `${at}: does not answer` };
  const { status, dependencies = {} } = await answer.json() as
    { status?: string; dependencies?: Record<string, { state: string; detail?: string }> };
  const states = Object.entries(dependencies)
    .map(([dependency, { state, detail }]) => `${dependency} ${state}${detail === undefined ? '' : ` (${detail})`}`);
  const well = answer.ok && Object.values(dependencies).every(({ state }) => state === 'up');
  return { name, state: well ? 'ok' : 'warn', detail: [`${at}: ${status ?? '?'}`, ...states].join('; ') };
}
