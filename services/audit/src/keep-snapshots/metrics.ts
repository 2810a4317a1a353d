// Figures of the snapshots that are kept of the past.
import { gauge, type Registry } from '@libs/telemetry/metrics';

export interface KeeperMetrics {
  kept(count: number, bytes: number): void;
}

export function keeperMetrics(registry: Registry): KeeperMetrics {
  const counts = gauge(registry, 'kept_snapshots', 'Snapshots of the fold kept of the past');
  const sizes = gauge(registry, 'kept_snapshots_bytes', 'Size of the snapshots kept of the past');
  return {
    kept(count, bytes) {
      counts.set(count);
      sizes.set(bytes);
    },
  };
}
