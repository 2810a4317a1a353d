// Reads a stream that is sent to somebody else (an earlier caller, or nobody) by asking for it.
import { type StreamSession } from './stream-session';

/** Feels live to a reader, and is a few questions per second to the worker. */
const everyMs = 250;

/** The returned function stops it. */
export function pollDeltas(session: StreamSession): () => void {
  let stopped = false;
  const poll = async (): Promise<void> => {
    while (!stopped && !session.finished) {
      await session.fill(true);
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  };
  void poll();
  return () => {
    stopped = true;
  };
}
