// A NATS server can live and yet serve nothing, after its disk was full for example: it is restarted
// when its own health check has failed for a while.
import { type Part } from './supervised';

/** Long enough for a recovery or a pause of the machine, short against a night. */
const unhealthyForMs = 45_000;
const checkEveryMs = 5_000;

/** Returns the function that ends the watch. */
export function watchNats(
  part: Part, monitorUrl: string, onUnhealthy: () => void,
): () => void {
  let healthyAtMs = performance.now();
  const check = async (): Promise<void> => {
    const ok = await fetch(`${monitorUrl}/healthz`, { signal: AbortSignal.timeout(2_000) })
      .then(async (response) => { await response.arrayBuffer(); return response.ok; }, () => false);
    // Without a process the supervisor is starting one already.
    if (ok || part.pid === null) healthyAtMs = performance.now();
    if (performance.now() - healthyAtMs < unhealthyForMs) return;
    healthyAtMs = performance.now();
    onUnhealthy();
    part.signal('SIGKILL');
  };
  const timer = setInterval(() => void check(), checkEveryMs);
  return () => clearInterval(timer);
}
