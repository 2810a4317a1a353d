// What the connected server can do, and how safe what it stores is.
import { z } from 'zod';

export interface Capabilities {
  readonly version: string;
  /** A consumer may have several filters (2.10). */
  readonly severalFilters: boolean;
  /** `sync_interval: always` exists (2.10). */
  readonly syncAlways: boolean;
}

/**
 * What survives: a power loss (every message synced before its acknowledgement), or only the end
 * of the server's process. `unknown`: the monitoring port was not given or did not answer.
 */
export type Durability = 'power-loss' | 'process-crash' | 'unknown';

export function capabilitiesOf(version: string): Capabilities {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const from210 = major > 2 || (major === 2 && minor >= 10);
  return { version, severalFilters: from210, syncAlways: from210 };
}

const jetstreamReport = z.object({
  config: z.object({
    sync_interval: z.number().optional(),
    sync_always: z.boolean().optional(),
  }).optional(),
});

/** Asks the server's monitoring port; never throws, an unanswered question is `unknown`. */
export async function readDurability(monitorUrl: string | undefined): Promise<Durability> {
  if (monitorUrl === undefined) return 'unknown';
  try {
    const url = new URL('/jsz?config=true', monitorUrl);
    const answer = await fetch(url, { signal: AbortSignal.timeout(2000) });
    const { config } = jetstreamReport.parse(await answer.json());
    if (config === undefined) return 'unknown';
    return config.sync_always === true ? 'power-loss' : 'process-crash';
  } catch {
    // Said as `unknown` where the durability is shown; serving does not depend on it.
    return 'unknown';
  }
}
