// One more process of a service beside those of `holdfast up`, on the same log, as in a cluster.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { freePort } from '@libs/test-kit/free-port';
import { eventually, type Holdfast } from './holdfast';

export interface Beside {
  readonly url: string;
  /** As it names itself. */
  readonly instance: string;
  /** Starts it (again), on the same port. */
  start(): Promise<void>;
  /** Stops it politely; its exit code. */
  stop(): Promise<number | null>;
  /** Ends it at once, whatever it is at. */
  kill(): Promise<number | null>;
}

export async function startBeside(
  holdfast: Holdfast, service: 'ingress' | 'router' | 'workers',
): Promise<Beside> {
  const port = await freePort();
  const instance = `${service}-beside`;
  const env = { ...await environmentOf(holdfast, service, port), HOLDFAST_INSTANCE: instance };
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | null = null;
  let exited: Promise<number | null> = Promise.resolve(null);
  const start = async (): Promise<void> => {
    const program = path.resolve('dist/services', service, 'main.js');
    const started = spawn(process.execPath, [program], { env, stdio: 'ignore' });
    child = started;
    exited = new Promise((resolve) => started.once('exit', (code) => resolve(code)));
    await eventually(`another ${service}`, () =>
      fetch(`${url}/health/ready`).then((answer) => answer.ok), 60_000);
  };
  process.once('exit', () => child?.kill('SIGKILL'));
  await start();
  const end = (signal: NodeJS.Signals): Promise<number | null> => {
    child?.kill(signal);
    return exited;
  };
  return { url, instance, start, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') };
}

async function environmentOf(
  holdfast: Holdfast, service: string, port: number,
): Promise<Record<string, string>> {
  const secret = (name: string): Promise<string> =>
    readFile(path.join(holdfast.dataDir, 'secrets', name), 'utf8').then((text) => text.trim());
  const passwords = JSON.parse(await secret('nats-users.json')) as Record<string, string>;
  const nats = new URL((await holdfast.processes()).nats?.url ?? '');
  nats.username = service;
  nats.password = passwords[service] ?? '';
  return {
    PATH: process.env.PATH ?? '',
    NATS_URL: nats.href,
    HOLDFAST_PORT: String(port),
    HOLDFAST_MASTER_KEY: await secret('master-key'),
    HOLDFAST_ADMIN_TOKEN: holdfast.adminToken,
    HOLDFAST_BOOTSTRAP_KEY: holdfast.key,
    HOLDFAST_LOG_LEVEL: 'silent',
  };
}
