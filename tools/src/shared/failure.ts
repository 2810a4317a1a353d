// What a person at a terminal must know, without a stack trace.
import { isFault } from '@libs/faults/faults';
import { SecretUnavailable } from '@libs/settings/secret-ref';

/** The command cannot do what was asked; the message says why and what to do. */
export class Failure extends Error {
  constructor(message: string, readonly exitCode = 1) {
    super(message);
    this.name = 'Failure';
  }
}

/** A sentence for expected errors, everything for bugs. */
export function describeError(error: unknown): string {
  if (error instanceof Failure || error instanceof SecretUnavailable || isFault(error)) return error.message;
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
