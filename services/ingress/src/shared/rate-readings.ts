// What is known here of the rate limits of keys, for answers that no decision came with: told by every
// answer that one came with; asked of the router beside the work, never waited for.
import { type RateLeft } from '@libs/events/limits';
import { limitsOf } from '@libs/governance/limits';
import { type GovernanceState, type VirtualKey } from '@libs/governance/state';
import { type Signals } from '@libs/signals/signals';
import { type Logger } from '@libs/telemetry/logger';
import { askRouter } from './ask-router';

export interface RateReadingsParts {
  readonly signals: Signals;
  readonly logger: Logger;
  readonly now: () => number;
  readonly partitionOf: (tenant: string) => number;
  readonly governance: () => GovernanceState;
}

interface Reading {
  readonly rates: readonly RateLeft[];
  readonly atMs: number;
}

/** Some 300 bytes each. */
const readingsMax = 10_000;
/** Asked at most so often for one key and model: as precise as the slots of a minute. */
const freshMs = 1_000;

export class RateReadings {
  /** By key, and by key and model; the ones not told of for longest come first. */
  readonly #readings = new Map<string, Reading>();
  readonly #asking = new Set<string>();

  constructor(private readonly parts: RateReadingsParts) {}

  note(key: string, model: string, rates: readonly RateLeft[]): void {
    const reading = { rates, atMs: this.parts.now() };
    this.#put(key, reading);
    this.#put(nameOf(key, model), reading);
  }

  /** Empty: nothing is known, or nothing bounds it. `model` null: of whatever it asked for last. */
  of(key: string, model: string | null): readonly RateLeft[] {
    const name = model === null ? key : nameOf(key, model);
    return this.#readings.get(name)?.rates ?? [];
  }

  /** Asks the router beside whatever is done meanwhile, unless what is known is of this second. */
  want(key: VirtualKey, model: string): void {
    const { id, tenant, created: { team } } = key;
    const name = nameOf(id, model);
    const known = this.#readings.get(name);
    if (known !== undefined && this.parts.now() - known.atMs < freshMs) return;
    if (this.#asking.has(name) || !this.#isRated(key)) return;
    this.#asking.add(name);
    const question = { jobs: [], watch: null, rates: { tenant, team, key: id, model } };
    askRouter(this.parts.signals, this.parts.partitionOf(tenant), question).then(
      ({ rates = [] }) => this.note(id, model, rates),
      // The next answer asks again; this one goes without.
      (error: unknown) => this.parts.logger.debug({ err: error }, 'rates not known'),
    ).finally(() => this.#asking.delete(name));
  }

  #isRated({ id, tenant, created: { team } }: VirtualKey): boolean {
    return limitsOf(this.parts.governance(), { tenant, team, key: id })
      .some(({ rate_limits: rates }) => rates.length > 0);
  }

  #put(name: string, reading: Reading): void {
    this.#readings.delete(name);
    if (this.#readings.size >= readingsMax) {
      const [oldest] = this.#readings.keys();
      if (oldest !== undefined) this.#readings.delete(oldest);
    }
    this.#readings.set(name, reading);
  }
}

function nameOf(key: string, model: string): string {
  return `${key}\n${model}`;
}
