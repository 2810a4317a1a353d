// Logging: pino as Nest's LoggerService, JSON lines, pretty on a terminal. Never content or secrets.
import { type LoggerService } from '@nestjs/common';
import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

export interface LoggerOptions {
  readonly service: string;
  readonly instance: string;
  readonly level: string;
}

/** One logger per process. Pretty when standard output is a terminal, JSON lines otherwise. */
export function createLogger(options: LoggerOptions): Logger {
  const base = { service: options.service, instance: options.instance };
  const common = { level: options.level, base, timestamp: pino.stdTimeFunctions.isoTime };
  return process.stdout.isTTY
    ? pino({ ...common, transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname' } } })
    : pino(common);
}

/** Nest's own messages through the same logger. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, context?: string): void {
    this.logger.debug({ context }, String(message));
  }

  warn(message: unknown, context?: string): void {
    this.logger.warn({ context }, String(message));
  }

  error(message: unknown, stack?: string, context?: string): void {
    this.logger.error({ context, stack }, String(message));
  }

  debug(message: unknown, context?: string): void {
    this.logger.debug({ context }, String(message));
  }

  verbose(message: unknown, context?: string): void {
    this.logger.debug({ context }, String(message));
  }
}
