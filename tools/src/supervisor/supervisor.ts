// Everything that `holdfast up` runs: started in order, kept alive, stopped in the opposite order of
// the flow of work, so that what was accepted is finished by those that come after.
import { type DataDir } from '../shared/data-dir';
import { describeError } from '../shared/failure';
import { type Terminal } from '../shared/terminal';
import { processesFile } from './processes-file';
import { Supervised, type Part, type PartName, type SupervisionEvents } from './supervised';

/** ingress takes no more work, workers finish theirs, the rest follows what was written. */
const stopOrder: readonly PartName[] = [
  'ingress', 'workers', 'sim', 'router', 'audit', 'postgres', 'nats',
];
const services: readonly PartName[] = ['ingress', 'workers', 'sim', 'router', 'audit'];

export class Supervisor {
  readonly #supervised: Supervised[] = [];
  readonly #file;
  #stopping = false;

  constructor(private readonly dir: DataDir, private readonly terminal: Terminal) {
    this.#file = processesFile(dir.processesFile, () => this.#supervised.map(({ part }) => part));
  }

  /** Takes a part that was just started into its care. */
  async add(part: Part | null): Promise<void> {
    if (part === null) return;
    const supervised = new Supervised(part, this.#events());
    this.#supervised.push(supervised);
    // Stopped while this one was starting.
    if (this.#stopping) return supervised.stop();
    await this.#file.update();
  }

  get(name: PartName): Part | null {
    return this.#supervised.find(({ part }) => part.name === name)?.part ?? null;
  }

  /** Stops all parts, one after the other. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const name of stopOrder) {
      for (const supervised of this.#supervised) {
        if (supervised.part.name !== name) continue;
        if (supervised.part.pid !== null) this.terminal.progress(`stopping ${name}`);
        await supervised.stop();
      }
    }
    await this.#file.remove();
  }

  /** Does not wait: what runs in the services is left to redelivery. The stores still end cleanly. */
  force(): void {
    for (const supervised of this.#supervised) {
      if (services.includes(supervised.part.name)) supervised.halt();
    }
  }

  #events(): SupervisionEvents {
    const update = (): void => {
      this.#file.update().catch((error: unknown) =>
        this.terminal.progress(`could not write ${this.dir.processesFile}: ${String(error)}`));
    };
    return {
      onCrash: (part, { code, signal }, delayMs) => {
        const how = signal ?? (code === null ? 'did not start' : `exit code ${code}`);
        this.terminal.progress(`${part.name} ended (${how}); starting it again in ${
          delayMs / 1000} s; its log: ${this.#logOf(part.name)}`);
        update();
      },
      onRestarted: (part) => {
        this.terminal.progress(`${part.name} runs again`);
        update();
      },
      onRestartFailed: (part, error) =>
        this.terminal.progress(`${part.name}: ${describeError(error)}`),
    };
  }

  #logOf(name: PartName): string {
    if (name === 'nats') return `${this.dir.nats}/nats.log`;
    if (name === 'postgres') return `${this.dir.postgres}/postgres.log`;
    return `${this.dir.logs}/${name}.log`;
  }
}
