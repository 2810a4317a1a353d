// Runs one program of a system: started with a bare environment, ready by its own test, stopped
// with the benchmark, whatever becomes of it.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { ManagedServer } from '@libs/servers/managed-server';

export interface ProgramSpec {
  readonly name: string;
  /** Arguments of Node. */
  readonly args: readonly string[];
  readonly dir: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly readyTimeoutMs?: number;
  readonly stopGraceMs?: number;
  readonly isReady: (log: () => Promise<string>) => Promise<boolean>;
}

export interface Program {
  readonly pid: number;
  readonly log: () => Promise<string>;
  stop(): Promise<void>;
  /** Ends it without a farewell. */
  kill(): Promise<void>;
}

export async function startProgram(spec: ProgramSpec): Promise<Program> {
  const logFile = path.join(spec.dir, `${spec.name}.log`);
  const log = (): Promise<string> => readFile(logFile, 'utf8').catch(() => '');
  const server = new ManagedServer({
    name: spec.name,
    command: {
      argv: [process.execPath, ...spec.args],
      ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
      env: { ...plainEnvironment(), ...spec.env },
    },
    marker: spec.args.join('\0'),
    pidFile: path.join(spec.dir, `${spec.name}.pid.json`),
    logFile,
    isReady: () => spec.isReady(log),
    readyTimeoutMs: spec.readyTimeoutMs ?? 20_000,
    stopSignal: 'SIGTERM',
    stopGraceMs: spec.stopGraceMs ?? 10_000,
    orphanSignal: 'SIGTERM',
  });
  await server.start();
  return {
    pid: server.pid ?? 0,
    log,
    stop: () => server.stop(),
    kill: () => server.kill(),
  };
}

/** No keys of real providers, no proxies, no other server's address. */
function plainEnvironment(): Record<string, string> {
  const wanted = /^(PATH|HOME|USER|LANG|LC_.*|TZ|TMPDIR|HOLDFAST_NATS_SERVER)$/;
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      (value !== undefined && wanted.test(name) ? [[name, value]] : [])),
  );
}

export async function answersOk(url: string, init: RequestInit = {}): Promise<boolean> {
  return await fetch(url, { ...init, signal: AbortSignal.timeout(2_000) })
    .then(async (answer) => { await answer.arrayBuffer(); return answer.ok; }, () => false);
}

/** Whether a first request comes through. */
export async function completes(
  { baseUrl, headers, model }: {
    baseUrl: string; headers: Readonly<Record<string, string>>; model: string;
  },
): Promise<boolean> {
  return await answersOk(`${baseUrl}/chat/completions`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'ready?' }] }),
  });
}
