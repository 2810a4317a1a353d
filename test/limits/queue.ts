// How many jobs are open, as an operator asks.
import { eventually, type Holdfast } from '../support/holdfast';

export interface QueueDepth {
  readonly waiting: number;
  readonly deferred: number;
  readonly running: number;
}

export async function queueOf({ url, adminToken }: Holdfast): Promise<QueueDepth> {
  const answer = await fetch(`${url}/admin/v1/queue`, {
    headers: { authorization: `Bearer ${adminToken}` },
  });
  return await answer.json() as QueueDepth;
}

export function openJobs({ waiting, deferred, running }: QueueDepth): number {
  return waiting + deferred + running;
}

/** Resolves when no job is open any more. */
export async function emptyQueue(holdfast: Holdfast): Promise<void> {
  await eventually('an empty queue', async () => openJobs(await queueOf(holdfast)) === 0, 60_000);
}
