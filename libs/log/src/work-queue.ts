// The port of work: commits handed to one of several consumers, acknowledged when done.
import type { Commit } from './log';

/** One commit handed out. The handler's end decides: resolved → acked, rejected → by fault rule. */
export interface Delivery {
  readonly commit: Commit;
  /** 1 on the first delivery. */
  readonly deliveryCount: number;
  /**
   * The commit may have been worked on before: delivered more than once, or its sequence is not
   * above the stream's last one when this process last (re)connected (a killed server forgets
   * confirmed acks and hands such commits out again with count 1) or came back from a pause longer
   * than the ack wait.
   */
  readonly mayHaveRunBefore: boolean;
  /** Tells the server that work goes on; restarts its ack wait. */
  working(): void;
  /**
   * Another worker has this commit and will ack it: when the handler resolves, this delivery is
   * neither acked nor given back.
   */
  leave?(): void;
}

export type DeliveryHandler = (delivery: Delivery) => Promise<void>;

export interface WorkQueueOptions {
  readonly durable: string;
  readonly subjects: readonly string[];
  /** How long the server waits for ack or `working()` before it hands the commit out again. */
  readonly ackWaitMs: number;
  /** Asked before each pull: whether there is room for another commit. */
  readonly hasRoom: () => boolean;
}
