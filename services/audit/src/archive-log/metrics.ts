// Figures of the archive: how many commits, how far behind.
import { type Commit } from '@libs/log/log';
import { counter, gauge, type Registry } from '@libs/telemetry/metrics';

export interface ArchiveMetrics {
  archived(commits: number, last: Commit): void;
  /** Commits that cannot be read. */
  broken(commits: number): void;
}

export function archiveMetrics(registry: Registry): ArchiveMetrics {
  const commitsTotal = counter(registry, 'archived_commits_total', 'Commits archived');
  const sequence = gauge(registry, 'archived_sequence', 'Last archived sequence of the log');
  const lagSeconds = gauge(registry, 'archive_lag_seconds', 'Age of the commit archived last');
  const brokenTotal = counter(registry, 'broken_commits_total', 'Commits parked as dead letters');
  return {
    broken(commits) {
      brokenTotal.inc(commits);
    },
    archived(commits, last) {
      commitsTotal.inc(commits);
      sequence.set(last.sequence);
      lagSeconds.set(Math.max(0, (Date.now() - last.appendedAtMs) / 1_000));
    },
  };
}
