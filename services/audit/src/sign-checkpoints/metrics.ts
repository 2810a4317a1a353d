// Figures of the audit tree: how large it is, what of it is signed, how much it has yet to catch up.
import { counter, gauge, type Registry } from '@libs/telemetry/metrics';

export interface TreeMetrics {
  signed(size: number): void;
  /** Commits of the archive that the tree has not. */
  behind(commits: number): void;
  refused(): void;
}

export function treeMetrics(registry: Registry): TreeMetrics {
  const size = gauge(registry, 'audit_signed_size', 'Event lines under the last checkpoint');
  const behind = gauge(registry, 'audit_tree_behind', 'Archived sequences the tree has yet to take');
  const signed = counter(registry, 'audit_checkpoints_total', 'Checkpoints signed');
  const refused = counter(registry, 'audit_refusals_total', 'Checkpoints not signed for a mismatch');
  return {
    signed(leaves) {
      size.set(leaves);
      signed.inc(1);
    },
    behind: (commits) => { behind.set(commits); },
    refused: () => { refused.inc(1); },
  };
}
