// Ctrl-C and its relatives: the first one drains, a later one does not wait.

/**
 * npm and the terminal both pass one Ctrl-C on, and the copies arrive within milliseconds; a person
 * who means it presses again later.
 */
const copiesWithinMs = 700;

export interface StopSignals {
  /** Resolves at the first signal. */
  readonly stopRequested: Promise<string>;
  /** Resolves at a later one. */
  readonly forceRequested: Promise<string>;
  /** Ends as a signal would. */
  request(reason: string): void;
}

export function listenForStop(): StopSignals {
  let stop: (reason: string) => void = () => undefined;
  let force: (reason: string) => void = () => undefined;
  let firstMs: number | null = null;
  const stopRequested = new Promise<string>((resolve) => { stop = resolve; });
  const forceRequested = new Promise<string>((resolve) => { force = resolve; });
  const request = (reason: string): void => {
    const nowMs = performance.now();
    if (firstMs === null) {
      firstMs = nowMs;
      stop(reason);
    } else if (nowMs - firstMs > copiesWithinMs) {
      force(reason);
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, request);
  watchParent(request);
  return { stopRequested, forceRequested, request };
}

/** An npm that is killed does not pass that on; what it started would run for ever. */
function watchParent(request: (reason: string) => void): void {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    request('npm is gone');
  }, 1_000);
  timer.unref();
}
