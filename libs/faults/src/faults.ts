// The closed list of faults: what the world can do to us, and what follows from each.
// Rejections are returned values elsewhere; bugs are asserts. Only faults are thrown.

export const faultCodes = [
  'log_unavailable', 'log_full', 'log_conflict', 'log_forked', 'log_unreadable', 'commit_broken',
  'object_missing', 'content_erased', 'content_not_kept', 'content_key_missing', 'too_large', 'signal_timeout', 'router_unavailable', 'archive_unavailable',
  'settings_invalid', 'server_incapable', 'server_missing', 'shutting_down',
  'issuer_unavailable',
] as const;
export type FaultCode = (typeof faultCodes)[number];

interface FaultRule {
  /** Status for an HTTP caller. */
  readonly httpStatus: number;
  readonly logLevel: 'info' | 'warn' | 'error';
  /** Whether trying again later can help; callers get `Retry-After`. */
  readonly retry: boolean;
  /** What a consumer does with the delivery: redeliver it, or park it. */
  readonly delivery: 'nak' | 'park';
}

/** One row per code; the compiler checks that none is missing. */
export const faultRules: Readonly<Record<FaultCode, FaultRule>> = {
  log_unavailable: { httpStatus: 503, logLevel: 'warn', retry: true, delivery: 'nak' },
  log_full: { httpStatus: 503, logLevel: 'error', retry: true, delivery: 'nak' },
  log_conflict: { httpStatus: 409, logLevel: 'info', retry: true, delivery: 'nak' },
  log_forked: { httpStatus: 503, logLevel: 'error', retry: true, delivery: 'nak' },
  /** A newer build can read it: left to one. */
  log_unreadable: { httpStatus: 503, logLevel: 'error', retry: false, delivery: 'nak' },
  /** No build will ever read it. */
  commit_broken: { httpStatus: 500, logLevel: 'error', retry: false, delivery: 'park' },
  object_missing: { httpStatus: 404, logLevel: 'error', retry: false, delivery: 'park' },
  /** By an erasure: for ever. */
  content_erased: { httpStatus: 410, logLevel: 'info', retry: false, delivery: 'park' },
  /** By its policy: for ever. The message names it, for people. */
  content_not_kept: { httpStatus: 410, logLevel: 'info', retry: false, delivery: 'park' },
  /** Waiting brings it back as little; a person may, from a backup of the keys or by the right master key. */
  content_key_missing: { httpStatus: 500, logLevel: 'error', retry: false, delivery: 'park' },
  too_large: { httpStatus: 413, logLevel: 'info', retry: false, delivery: 'park' },
  signal_timeout: { httpStatus: 503, logLevel: 'info', retry: true, delivery: 'nak' },
  router_unavailable: { httpStatus: 503, logLevel: 'warn', retry: true, delivery: 'nak' },
  archive_unavailable: { httpStatus: 503, logLevel: 'warn', retry: true, delivery: 'nak' },
  settings_invalid: { httpStatus: 500, logLevel: 'error', retry: false, delivery: 'park' },
  server_incapable: { httpStatus: 500, logLevel: 'error', retry: false, delivery: 'park' },
  server_missing: { httpStatus: 500, logLevel: 'error', retry: false, delivery: 'park' },
  issuer_unavailable: { httpStatus: 503, logLevel: 'warn', retry: true, delivery: 'nak' },
  shutting_down: { httpStatus: 503, logLevel: 'info', retry: true, delivery: 'nak' },
};

/** The world failed. `code` decides everything else. */
export class Fault extends Error {
  constructor(readonly code: FaultCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'Fault';
  }

  get rule(): FaultRule {
    return faultRules[this.code];
  }
}

/** Whether `error` is a fault, of one given code if asked. */
export function isFault(error: unknown, code?: FaultCode): error is Fault {
  return error instanceof Fault && (code === undefined || error.code === code);
}
