// Figures of the audit tree: how large it is, what of it is signed, how much it has yet to catch up.
import { counter, gauge, type Registry } from '@libs/telemetry/metrics';

export interface TreeMetrics {
  signed(size: number): void;
  /** Commits of the archive that the tree has not. */
  behind(commits: number): void;
  refused(): void;
  witnessed(witness: string, size: number): void;
  notWitnessed(witness: string): void;
}

export function treeMetrics(registry: Registry): TreeMetrics {
  const size = gauge(registry, 'audit_signed_size', 'Event lines under the last checkpoint');
  const behind = gauge(registry, 'audit_tree_behind', 'Archived sequences the tree has yet to take');
  const signed = counter(registry, 'audit_checkpoints_total', 'Checkpoints signed');
  const refused = counter(registry, 'audit_refusals_total', 'Checkpoints not signed for a mismatch');
  const cosigned = gauge(registry, 'audit_cosigned_size',
    'Event lines under the last checkpoint that a witness cosigned', ['witness']);
  const unwitnessed = counter(registry, 'audit_not_cosigned_total',
    'Checkpoints that a witness did not cosign', ['witness']);
  return {
    signed(leaves) {
      size.set(leaves);
      signed.inc(1);
    },
    behind: (commits) => { behind.set(commits); },
    refused: () => { refused.inc(1); },
    witnessed: (witness, leaves) => { cosigned.set({ witness }, leaves); },
    notWitnessed: (witness) => { unwitnessed.inc({ witness }, 1); },
  };
}
