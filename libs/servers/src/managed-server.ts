// A server process of ours over its whole life: start, wait until it is ready, stop, kill, start
// again. Each is a session of its own, so that Ctrl-C in the terminal reaches only the supervisor,
// which stops its children in the right order.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { open, rm, stat, truncate } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '@libs/faults/faults';
import { dieWithParent } from './parent-death';
import { stopLeftover, writePidFile } from './process-identity';

export interface ServerCommand {
  /** The program and its arguments. */
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

export interface ServerSpec {
  readonly name: string;
  readonly command: ServerCommand;
  /** Text of the command line that only this process has; tells leftovers from strangers. */
  readonly marker: string;
  readonly pidFile: string;
  readonly logFile: string;
  /** Asked every 50 ms until it is true. */
  readonly isReady: (pid: number) => Promise<boolean>;
  readonly readyTimeoutMs: number;
  /** What it says of its start. When that is news at the end of the timeout, it has as long again. */
  readonly progress?: () => Promise<string>;
  readonly stopSignal: 'SIGINT' | 'SIGTERM';
  readonly stopGraceMs: number;
  /** What the system sends when the supervisor itself dies. */
  readonly orphanSignal: 'SIGINT' | 'SIGTERM' | 'SIGKILL';
}

export interface ServerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A log file above this is emptied at the next start; it is for diagnosis, nobody folds it. */
const logFileMaxBytes = 20 * 1024 * 1024;
/** What is only starting has nothing to finish. */
const abortGraceMs = 3_000;

export class ManagedServer {
  #child: ChildProcess | null = null;
  #exited: Promise<ServerExit> = Promise.resolve({ code: 0, signal: null });
  #stopping = false;
  readonly #listeners: ((exit: ServerExit) => void)[] = [];

  constructor(readonly spec: ServerSpec) {}

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Resolves with how the present process ended. */
  get exited(): Promise<ServerExit> {
    return this.#exited;
  }

  /** Called when the process ends without `stop` or `restart` having asked for it. */
  onExit(listener: (exit: ServerExit) => void): void {
    this.#listeners.push(listener);
  }

  /**
   * Aborting stops what is starting, whatever it waits for.
   * @throws Fault server_missing with the end of the log when it does not become ready.
   */
  async start(signal?: AbortSignal): Promise<void> {
    const abort = (): void => void this.stop(abortGraceMs);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      if (signal?.aborted === true) throw stopped(this.spec.name);
      this.#stopping = false;
      await this.#start();
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Asks the process to end and kills it after its grace time. */
  async stop(graceMs = this.spec.stopGraceMs): Promise<void> {
    this.#stopping = true;
    const child = this.#child;
    if (child === null) return;
    child.kill(this.spec.stopSignal);
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    await this.#exited;
    clearTimeout(timer);
    await rm(this.spec.pidFile, { force: true });
  }

  /** A crash on purpose, for tests and fault injection: resolves when the process is gone. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.#child?.kill(signal);
    await this.#exited;
  }

  /** Signals without waiting: SIGSTOP and SIGCONT for example. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async #start(): Promise<void> {
    const { pidFile, stopSignal, stopGraceMs } = this.spec;
    await stopLeftover(pidFile, { signal: stopSignal, graceMs: stopGraceMs });
    await this.#launch();
    await this.#waitUntilReady();
  }

  async #launch(): Promise<void> {
    const { command, logFile, marker, pidFile, orphanSignal } = this.spec;
    await emptyWhenLarge(logFile);
    const [program = '', ...args] = [...await dieWithParent(orphanSignal), ...command.argv];
    // Stopped before it was there: nothing may come to life after that.
    if (this.#stopping) throw stopped(this.spec.name);
    const log = openSync(logFile, 'a', 0o600);
    const child = spawn(program, args, {
      stdio: ['ignore', log, log],
      detached: true,
      ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
      ...(command.env === undefined ? {} : { env: command.env }),
    });
    closeSync(log);
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      const end = (exit: ServerExit): void => {
        if (this.#child === child) this.#child = null;
        resolve(exit);
      };
      child.once('error', () => end({ code: null, signal: null }));
      child.once('exit', (code, signal) => end({ code, signal }));
    });
    if (child.pid !== undefined) await writePidFile(pidFile, { pid: child.pid, marker });
  }

  async #waitUntilReady(): Promise<void> {
    const { name, logFile, readyTimeoutMs } = this.spec;
    const child = this.#child;
    // Only a process that has been ready tells its listeners that it ended.
    let deadline = performance.now() + readyTimeoutMs;
    let waitedMs = readyTimeoutMs;
    let said = '';
    for (;;) {
      if (this.#child === null || child?.pid === undefined) {
        if (this.#stopping) throw stopped(name);
        const { code, signal } = await this.#exited;
        throw new Fault('server_missing', `${name} ended at its start (${
          signal ?? `exit code ${code ?? 'none'}`}):\n${await tail(logFile)}`);
      }
      if (await this.spec.isReady(child.pid)) {
        void this.#exited.then((exit) => this.#report(exit));
        return;
      }
      if (performance.now() >= deadline) {
        const says = await this.spec.progress?.() ?? said;
        if (says === said) break;
        said = says;
        deadline = performance.now() + readyTimeoutMs;
        waitedMs += readyTimeoutMs;
      }
      await sleep(50);
    }
    await this.stop();
    throw new Fault('server_missing',
      `${name} was not ready within ${waitedMs / 1000} s:\n${await tail(logFile)}`);
  }

  #report(exit: ServerExit): void {
    if (this.#stopping) return;
    for (const listener of this.#listeners) listener(exit);
  }
}

function stopped(name: string): Fault {
  return new Fault('shutting_down', `${name} was stopped while it was starting`);
}

/** The last lines of a log file, for error messages. */
export async function tail(file: string, maxBytes = 2_000): Promise<string> {
  const handle = await open(file, 'r').catch(() => null);
  if (handle === null) return '(no log)';
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, maxBytes);
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8').trim();
  } finally {
    await handle.close();
  }
}

async function emptyWhenLarge(file: string): Promise<void> {
  const size = await stat(file).then((stats) => stats.size, () => 0);
  if (size > logFileMaxBytes) await truncate(file, 0);
}
