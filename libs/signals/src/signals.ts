// The port of core NATS: fast, not persisted, never an input of a decision.
// Two implementations: libs/jetstream (core-signals) and memory (in-memory-signals.ts, for tests).

export interface SignalSubscription {
  stop(): void;
}

/** `respond` is there when the sender waits for an answer. */
export type SignalHandler = (
  text: string, subject: string, respond: ((text: string) => void) | null,
) => void;

export abstract class Signals {
  /** Sends and forgets. Lost when nobody listens or the connection is down. */
  abstract publish(subject: string, text: string): void;

  /** @throws Fault signal_timeout when nobody answered in time. */
  abstract request(subject: string, text: string, timeoutMs: number): Promise<string>;

  /** `queue`: only one subscriber of that name gets each message. Wildcards as in NATS. */
  abstract subscribe(subject: string, handler: SignalHandler, queue?: string): SignalSubscription;

  /** Called after each reconnect (not the first connect). */
  abstract onReconnect(handler: () => void): void;

  abstract get connected(): boolean;
}

/** Subject names. */
export const signalSubjects = {
  reply: (ingress: string): string => `reply.${ingress}`,
  askRouter: (partition: number): string => `ask.router.${partition}`,
  deltas: (job: string): string => `deltas.${job}`,
  cancel: (partition: number | '*'): string => `cancel.${partition}`,
  running: (sequence: number | '*'): string => `running.${sequence}`,
  workerHeartbeat: 'worker.heartbeat',
  /** From the routers to one of the workers. */
  probe: 'worker.probe',
  health: 'health',
  /** Audit answers /audit/v1 questions here. */
  askAudit: 'ask.audit',
} as const;

/** Bodies above this are sent as a reference (the server's default payload limit is 1 MB). */
export const replyBytesMax = 512 * 1024;
