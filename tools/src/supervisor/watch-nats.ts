// A NATS server can live and yet serve nothing: it is restarted when its own health check has failed
// for a while, and after a failed write as soon as there is room on its disk.
import { statfs } from 'node:fs/promises';
import { type Part } from './supervised';

/** Long enough for a recovery or a pause of the machine, short against a night. */
const unhealthyForMs = 45_000;
/**
 * Server 2.15.1 writes to a stream no more after one write of it failed (a full disk, most often),
 * until it is restarted. With less room than this it would fail again.
 */
const roomBytesMin = 64 * 1024 * 1024;

export interface NatsWatch {
  readonly monitorUrl: string;
  /** On the disk of the log. */
  readonly dataDir: string;
  readonly checkEveryMs?: number;
}

type Health = 'ok' | 'unhealthy' | 'cannot write';

/** Returns the function that ends the watch. `onUnhealthy` is told before a restart why. */
export function watchNats(
  part: Pick<Part, 'pid' | 'signal'>, watch: NatsWatch, onUnhealthy: (why: string) => void,
): () => void {
  let healthyAtMs = performance.now();
  const restart = (why: string): void => {
    healthyAtMs = performance.now();
    onUnhealthy(why);
    part.signal('SIGKILL');
  };
  const check = async (): Promise<void> => {
    const health = await healthOf(watch.monitorUrl);
    // Without a process the supervisor is starting one already.
    if (health === 'ok' || part.pid === null) healthyAtMs = performance.now();
    else if (health === 'cannot write') {
      if (await hasRoom(watch.dataDir)) restart('NATS could not write, and there is room now');
    } else if (performance.now() - healthyAtMs >= unhealthyForMs) {
      restart('NATS has been unhealthy for a while');
    }
  };
  const timer = setInterval(() => void check(), watch.checkEveryMs ?? 5_000);
  return () => clearInterval(timer);
}

async function healthOf(monitorUrl: string): Promise<Health> {
  try {
    const response = await fetch(`${monitorUrl}/healthz`, { signal: AbortSignal.timeout(2_000) });
    const text = await response.text();
    if (response.ok) return 'ok';
    return text.includes('write error') ? 'cannot write' : 'unhealthy';
  } catch {
    // Not answering is being unhealthy; the server's own log has more.
    return 'unhealthy';
  }
}

async function hasRoom(dir: string): Promise<boolean> {
  try {
    const { bavail, bsize } = await statfs(dir);
    return bavail * bsize >= roomBytesMin;
  } catch {
    // A folder that cannot be looked at: the restarted server's log will say why.
    return true;
  }
}
