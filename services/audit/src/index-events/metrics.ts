// Figures of the events index: how large it is, how far behind, how long a partition's indexes take.
import { counter, gauge, type Registry } from '@libs/telemetry/metrics';

export interface IndexMetrics {
  indexed(lines: number): void;
  /** Archived commits that cannot be found yet. */
  behind(commits: number): void;
  sealed(seconds: number): void;
}

export function indexMetrics(registry: Registry): IndexMetrics {
  const size = gauge(registry, 'events_index_size', 'Event lines that can be found');
  const lag = gauge(registry, 'events_index_behind', 'Archived sequences the events index has yet to take');
  const sealed = counter(registry, 'events_partitions_sealed_total', 'Full partitions given their indexes');
  const took = gauge(registry, 'events_partition_sealing_seconds', 'How long the last of them took');
  return {
    indexed: (lines) => { size.set(lines); },
    behind: (commits) => { lag.set(commits); },
    sealed(seconds) {
      sealed.inc(1);
      took.set(seconds);
    },
  };
}
