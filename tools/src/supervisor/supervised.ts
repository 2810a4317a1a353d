// Keeps one running part alive: when it dies it is started again, after a growing delay, until it is
// stopped for good.
import { type ServerExit } from '@libs/servers/managed-server';
import { crashesInARow, restartDelayMs } from './backoff';

export type PartName = 'nats' | 'postgres' | 'sim' | 'audit' | 'router' | 'workers' | 'ingress';

/** A part that has been started once. NATS, Postgres and every service look like this. */
export interface Part {
  readonly name: PartName;
  readonly url: string;
  readonly pid: number | null;
  restart(): Promise<void>;
  stop(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  onExit(listener: (exit: ServerExit) => void): void;
}

export interface SupervisionEvents {
  /** It ended by itself. */
  readonly onCrash: (part: Part, exit: ServerExit, delayMs: number) => void;
  /** It runs again, with another pid. */
  readonly onRestarted: (part: Part) => void;
  readonly onRestartFailed: (part: Part, error: unknown) => void;
}

export class Supervised {
  #phase: 'keeping' | 'stopped' = 'keeping';
  #crashes = 0;
  #lastStartMs = performance.now();
  #restarting: Promise<void> = Promise.resolve();
  #wake: () => void = () => undefined;

  constructor(readonly part: Part, private readonly events: SupervisionEvents) {
    part.onExit((exit) => { this.#restarting = this.#bringBack(exit); });
  }

  /** Stops it for good, politely. */
  async stop(): Promise<void> {
    this.#phase = 'stopped';
    this.#wake();
    await this.part.stop();
    await this.#restarting;
  }

  /** Ends it at once; what it had not finished is left to redelivery. */
  halt(): void {
    this.#phase = 'stopped';
    this.#wake();
    this.part.signal('SIGKILL');
  }

  async #bringBack(exit: ServerExit): Promise<void> {
    let last = exit;
    while (!this.#isStopped()) {
      this.#crashes = crashesInARow(this.#crashes, this.#lastStartMs, performance.now());
      const delayMs = restartDelayMs(this.#crashes);
      this.events.onCrash(this.part, last, delayMs);
      await this.#pause(delayMs);
      if (this.#isStopped()) return;
      this.#lastStartMs = performance.now();
      try {
        await this.part.restart();
        this.events.onRestarted(this.part); return;
      } catch (error) {
        if (!this.#isStopped()) this.events.onRestartFailed(this.part, error);
        last = { code: null, signal: null };
      }
    }
  }

  #isStopped(): boolean {
    return this.#phase === 'stopped';
  }

  async #pause(delayMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, delayMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
