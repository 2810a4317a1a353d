// The end of an instance behind a balancer: say so, keep serving, then close. No request of a
// rolling restart fails: what is under way is finished, and what still arrives is served.
import { type Server } from 'node:http';
import { type Edge } from './shared/edge';

export interface DrainOptions {
  /** How long new connections are still taken after readiness said `draining`. */
  readonly graceMs: number;
  /** When what is still under way is told to come back. */
  readonly limitMs: number;
}

const checkMs = 50;

export async function drain(edge: Edge, server: Server, options: DrainOptions): Promise<void> {
  const { graceMs, limitMs } = options;
  const startedAt = performance.now();
  const left = (): number => limitMs - (performance.now() - startedAt);
  edge.health.phase = 'draining';
  edge.logger.info({ waiting: edge.admission.waiting }, 'draining');
  await pause(Math.min(graceMs, limitMs));
  const closed = new Promise<void>((resolve) => {
    // Stops listening and closes idle connections; busy ones end with their answer.
    server.close(() => resolve());
  });
  while (edge.metrics.active > 0 && left() > 0) {
    await pause(checkMs);
    server.closeIdleConnections();
  }
  edge.waiters.shutdown();
  // The last answers leave.
  await pause(edge.metrics.active > 0 ? 500 : 0);
  server.closeAllConnections();
  await closed;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
