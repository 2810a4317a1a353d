// The queue as operators see it: how many jobs wait, are deferred and run, by partition and
// priority class, as the partitions' owners answer; who works, and how much room the log has.
import { isFault } from '@libs/faults/faults';
import { type QueueDepth } from '@libs/signals/ask-messages';
import { askRouter } from '../shared/ask-router';
import { type Edge } from '../shared/edge';

type Counts = QueueDepth[keyof QueueDepth];

interface PartitionView extends Partial<Counts> {
  readonly partition: number;
  /** null: nobody owns it now; its jobs wait in the log. */
  readonly router: string | null;
  readonly epoch: number | null;
  readonly folded_sequence: number | null;
  readonly by_priority: QueueDepth | null;
}

export async function queueView(edge: Edge): Promise<object> {
  const { partitionCount } = edge.parts;
  const numbers = Array.from({ length: partitionCount }, (_, partition) => partition);
  const partitions = await Promise.all(numbers.map((partition) => partitionView(edge, partition)));
  const { bytes, bytesMax, firstSequence, lastSequence } = await edge.log.state();
  const known = partitions.flatMap(({ by_priority }) => (by_priority === null ? [] : by_priority));
  return {
    ...sum(known.flatMap((depth) => Object.values(depth))),
    by_priority: {
      interactive: sum(known.map(({ interactive }) => interactive)),
      normal: sum(known.map(({ normal }) => normal)),
      batch: sum(known.map(({ batch }) => batch)),
    },
    partitions,
    workers: edge.cluster.workers().map(({ worker, running, capacity, draining }) =>
      ({ worker, running, capacity, draining })),
    waiting_here: edge.admission.waiting,
    log: {
      bytes, bytes_max: bytesMax, first_sequence: firstSequence, last_sequence: lastSequence,
    },
  };
}

async function partitionView(edge: Edge, partition: number): Promise<PartitionView> {
  try {
    const question = { jobs: [], watch: null, depth: true };
    const { router, epoch, folded, depth } = await askRouter(edge.signals, partition, question);
    const counts = depth === undefined ? {} : sum(Object.values(depth));
    return {
      partition, router, epoch, folded_sequence: folded, ...counts, by_priority: depth ?? null,
    };
  } catch (error) {
    if (!isFault(error, 'router_unavailable')) throw error;
    return { partition, router: null, epoch: null, folded_sequence: null, by_priority: null };
  }
}

function sum(counts: readonly Counts[]): Counts {
  const total = { waiting: 0, deferred: 0, running: 0 };
  for (const { waiting, deferred, running } of counts) {
    total.waiting += waiting;
    total.deferred += deferred;
    total.running += running;
  }
  return total;
}
