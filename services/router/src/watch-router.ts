// The router's state as metrics, read when somebody asks.
import { healthView } from '@libs/routing/health-view';
import type { Router } from './router';
import type { RouterMetrics } from './shared/router-metrics';

export function watchRouter(router: Router, metrics: RouterMetrics): void {
  const { world, fold, ownership } = router;
  const sum = (value: (partition: (typeof world.partitions)[number]) => number): number =>
    world.partitions.reduce((total, partition) => total + value(partition), 0);
  metrics.watchHealth(() => healthView(world.load, world.governance, router.nowMs()));
  metrics.watch('router_folded_commits', 'Commits folded since start', () => fold.counts.commits);
  metrics.watch('router_folded_events', 'Events folded since start', () => fold.counts.events);
  metrics.watch('router_folded_sequence', 'Last sequence handled', () => fold.handledSequence);
  metrics.watch('router_poison_commits', 'Commits set aside', () => fold.counts.poison);
  metrics.watch('router_partitions', 'Partitions owned', () => ownership.partitions.length);
  metrics.watch('router_workers', 'Workers heard', () => router.liveWorkers);
  metrics.watch('router_jobs', 'Jobs without an outcome', () => sum(({ jobs }) => jobs.size));
  metrics.watch('router_jobs_ended', 'Ended jobs still in memory', () =>
    sum(({ ended }) => ended.size));
  metrics.watch('router_jobs_running', 'Jobs routed and not ended', () => world.load.slots.size);
  metrics.watch('router_queue_depth', 'Jobs that wait for a place', () =>
    sum(({ work }) => work?.queue.size ?? 0));
  metrics.watch('router_deciding', 'Decisions not folded yet', () =>
    sum(({ work }) => work?.deciding.size ?? 0));
  metrics.watch('router_idempotency_keys', 'Idempotency keys held', () =>
    sum(({ idempotency }) => idempotency.size));
  metrics.watch('router_late_outcomes', 'Outcomes that came after the first one', () =>
    sum(({ lateOutcomes }) => lateOutcomes));
  metrics.watch('router_unknown_holds', 'Holds whose call nobody heard the end of', () =>
    sum(({ holds }) => holds.open.size));
  metrics.watch('router_strangers', 'Events about jobs not known any more', () =>
    sum(({ strangers }) => strangers));
}
