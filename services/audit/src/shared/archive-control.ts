// What other slices may know and ask of the archiver.
import { type Position } from '@libs/log/log';

export interface ArchiveControl {
  /** Last archived commit. */
  readonly position: Position;
  /** Whether this process is the one that archives (others stand by). */
  readonly writing: boolean;
  /** Runs `work` between two batches, with nothing being written meanwhile. */
  whilePaused<T>(work: () => Promise<T>): Promise<T>;
}
