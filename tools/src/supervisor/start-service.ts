// Starts one of our own programs as a supervised part: a service, or the provider simulator.
import path from 'node:path';
import { ManagedServer } from '@libs/servers/managed-server';
import { type DataDir } from '../shared/data-dir';
import { programRoot } from '../shared/program-root';
import { type Part, type PartName } from './supervised';

export interface ProgramSpec {
  readonly name: PartName;
  /** Below dist/, e.g. services/router/main.js. */
  readonly program: string;
  readonly args?: readonly string[];
  readonly nodeArgs: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Its base URL, and the path that answers 200 when it is ready. */
  readonly url: string;
  readonly readyPath: string;
  readonly stopGraceMs: number;
}

/**
 * Requests live shorter than a collection's rhythm: with V8's small initial young generation their
 * buffers and events are copied several times and then promoted, so it begins at its usual maximum.
 * The old one may grow by 40 % between collections; V8 lets it grow fourfold on a large machine.
 * Peak of all four services at 256 connections, three rounds side by side: 894 MB (1,243 requests/s)
 * with both, 1,063 MB (983/s) without the second. With a young generation of 64 MB it was 1,457 MB
 * (1,345/s) where 16 MB took 1,181 (1,424/s). Node 20, 22 and 24 know both.
 */
const memoryArgs = [
  '--min-semi-space-size=16', '--max-semi-space-size=16', '--heap-growing-percent=40',
];

/** A service may have to wait for a log that is just recovering; a router says how far it folded. */
const readyTimeoutMs = 180_000;

/** @throws Fault server_missing with the end of its log when it does not become ready. */
export async function startProgram(
  dir: DataDir, spec: ProgramSpec, signal?: AbortSignal,
): Promise<Part> {
  // Its title is its whole command line: people read it in `ps`, the next start finds it by it.
  const marker = `holdfast-${spec.name}:${dir.root}`;
  const server = new ManagedServer({
    name: spec.name,
    command: {
      argv: [process.execPath, `--title=${marker}`, '--enable-source-maps',
        ...memoryArgs, ...spec.nodeArgs, path.join(programRoot(), 'dist', spec.program), ...spec.args ?? []],
      env: spec.env,
    },
    marker,
    pidFile: path.join(dir.run, `${spec.name}.pid.json`),
    logFile: path.join(dir.logs, `${spec.name}.log`),
    isReady: () => answersOk(spec.url + spec.readyPath),
    readyTimeoutMs,
    progress: () => textOf(spec.url + spec.readyPath),
    stopSignal: 'SIGTERM',
    stopGraceMs: spec.stopGraceMs,
    // Without its log and its supervisor there is nothing left to finish properly.
    orphanSignal: 'SIGKILL',
  });
  await server.start(signal);
  return {
    name: spec.name,
    url: spec.url,
    get pid() { return server.pid; },
    restart: () => server.restart(),
    stop: () => server.stop(),
    signal: (signal) => server.signal(signal),
    onExit: (listener) => server.onExit(listener),
  };
}

async function answersOk(url: string): Promise<boolean> {
  return await fetch(url, { signal: AbortSignal.timeout(2_000) })
    .then(async (response) => { await response.arrayBuffer(); return response.ok; }, () => false);
}

/** Whatever its status; empty when nobody answers. */
async function textOf(url: string): Promise<string> {
  return await fetch(url, { signal: AbortSignal.timeout(2_000) })
    .then((response) => response.text(), () => '');
}
