// Takes a NATS server's memory of a consumer back to an earlier time, as a kill or a power loss does
// when acks were confirmed and not yet on disk.
import { cp, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { streamName } from '@libs/events/subjects';

export interface ConsumerState {
  /** Call it while the server is down. */
  bringBack(): Promise<void>;
}

/** Keeps what the server at `serverDir` has on disk of the consumer now. */
export async function keepConsumerState(
  serverDir: string, consumer: string,
): Promise<ConsumerState> {
  const folder = path.join(serverDir, 'store/jetstream/$G/streams', streamName, 'obs', consumer);
  const copy = await mkdtemp(path.join(serverDir, 'consumer-'));
  await cp(folder, copy, { recursive: true });
  return {
    bringBack: async () => {
      await rm(folder, { recursive: true });
      await cp(copy, folder, { recursive: true });
    },
  };
}
