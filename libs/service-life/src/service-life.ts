// The life of one service's process: what every service does between its start and its end. Ends
// the process; a service's main.ts says only what it is made of and how it stops.
import { type z } from 'zod';
import { type LogConnection } from '@libs/jetstream/connect';
import { readSettings } from '@libs/settings/environment';
import { type SharedSettings } from '@libs/settings/service-settings';
import { Health } from '@libs/telemetry/health';
import { newInstanceId } from '@libs/telemetry/ids';
import { createLogger, type Logger } from '@libs/telemetry/logger';
import { createRegistry, type Registry } from '@libs/telemetry/metrics';

/**
 * What closing takes after the drain: a last snapshot, answers that leave, a log that is not there
 * any more. Shorter than what the supervisor and docker-compose.yml wait beyond the drain (10 s).
 */
const closingMs = 8_000;

export interface LifeParts {
  /** As it is called in messages. */
  readonly service: string;
  readonly health: Health;
  readonly logger: Logger;
  /** Seconds that work under way may take after the first signal. */
  readonly drainS: number;
}

/** What every process has of its own. */
export interface Service {
  readonly instance: string;
  readonly logger: Logger;
  readonly health: Health;
  readonly registry: Registry;
  readonly life: ServiceLife;
}

/** Settings of the service, or the end of the process with every problem named. */
export function settingsOrExit<S extends z.ZodType>(service: string, schema: S): z.infer<S> {
  try {
    return readSettings(schema);
  } catch (error) {
    process.stderr.write(`${service}: ${(error as Error).message}\n`);
    return process.exit(1);
  }
}

export function beginService(service: string, settings: SharedSettings): Service {
  const instance = settings.HOLDFAST_INSTANCE ?? newInstanceId(service);
  const logger = createLogger({ service, instance, level: settings.HOLDFAST_LOG_LEVEL });
  const health = new Health();
  const life = new ServiceLife({ service, health, logger, drainS: settings.HOLDFAST_DRAIN_S });
  return { instance, logger, health, registry: createRegistry(service, instance), life };
}

export class ServiceLife {
  #stopping = false;
  /** Before there is anything to finish, a signal just ends the process. */
  #stop: () => Promise<void> = () => Promise.resolve();

  /** From now on the first signal stops the service, a second one ends it at once. */
  constructor(private readonly parts: LifeParts) {
    process.on('SIGTERM', () => this.#onSignal('SIGTERM'));
    process.on('SIGINT', () => this.#onSignal('SIGINT'));
  }

  /** Shows the log's connection in the health, and ends with it when it is closed for good. */
  watchLog({ link, durability, closed }: Pick<LogConnection, 'link' | 'durability' | 'closed'>): void {
    const show = (): void => {
      this.parts.health.set('nats', link.connected ? 'up' : 'down', `durability: ${durability}`);
    };
    show();
    link.listen(show);
    this.endWith(closed());
  }

  /** `closed` resolves when the connection to the log is closed and will not come back. */
  endWith(closed: Promise<unknown>): void {
    void closed.then((error) => this.fail(error, 'the connection to the log is closed for good'));
  }

  /** `stop` finishes what is under way and closes everything, in the service's order. */
  ready(stop: () => Promise<void>): void {
    const { service, health, logger } = this.parts;
    this.#stop = stop;
    if (this.#stopping) return;
    health.phase = 'ready';
    logger.info(`${service} is ready`);
  }

  /** The service cannot go on: whoever supervises it starts it again. Not while it stops anyway. */
  fail(error: unknown, what: string): void {
    if (this.#stopping) return;
    this.parts.logger.error({ err: error }, what);
    process.exit(1);
  }

  #onSignal(signal: string): void {
    if (this.#stopping) process.exit(1);
    this.#stopping = true;
    const { service, health, logger, drainS } = this.parts;
    health.phase = 'draining';
    logger.info({ signal, seconds: drainS }, `${service} is stopping`);
    // Within its time, or not at all: the log has everything that was accepted.
    setTimeout(() => {
      logger.error('stopping took too long');
      process.exit(1);
    }, drainS * 1_000 + closingMs).unref();
    this.#stop().then(() => process.exit(0), (error: unknown) => {
      logger.error({ err: error }, 'stopping failed');
      process.exit(1);
    });
  }
}
