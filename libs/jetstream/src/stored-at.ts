// When a commit was stored. A restored one says so itself: for the server it is as old as its
// restoring, and folds count hours by this time.
import { type MsgHdrs } from '@nats-io/transport-node';

export const storedAtHeader = 'Holdfast-Stored-At';

/** `byServer`: the server's time, milliseconds since the epoch. */
export function storedAtMs(headers: MsgHdrs | undefined, byServer: number): number {
  if (headers?.has(storedAtHeader) !== true) return byServer;
  return Number(headers.get(storedAtHeader));
}
