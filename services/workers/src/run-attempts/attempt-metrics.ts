// What this worker counts about attempts.
import { type AttemptRecord } from '@libs/events/attempts';
import { counter, type Counter, Gauge, type Registry } from '@libs/telemetry/metrics';
import { type Walked, type WalkEnd } from './walk-end';

export interface AttemptMetrics {
  routingEnded(walked: Walked): void;
  /** Outcomes whose caller is told by the router, because this process had lost time. */
  readonly late: Counter;
  readonly unconfirmed: Counter;
  readonly redelivered: Counter<'became'>;
}

export function attemptMetrics(registry: Registry, running: () => number): AttemptMetrics {
  const attempts = counter(
    registry, 'attempts_total', 'Provider calls by how they ended', ['provider', 'outcome', 'class'],
  );
  const routings = counter(
    registry, 'routings_ended_total', 'Walks over a plan by how they ended', ['end'],
  );
  new Gauge({
    name: 'holdfast_jobs_running', help: 'Jobs running in this worker', registers: [registry],
    collect() { this.set(running()); },
  });
  const count = ({ provider, outcome, error }: AttemptRecord): void =>
    attempts.inc({ provider, outcome, class: error?.class ?? 'none' });
  return {
    routingEnded: ({ end, attempts: made }) => {
      for (const attempt of made) count(attempt);
      routings.inc({ end: nameOf(end) });
    },
    late: counter(registry, 'replies_late_total', 'Outcomes left to the router to tell'),
    unconfirmed: counter(
      registry, 'replies_unconfirmed_total', 'Replies that no ingress confirmed, sent twice',
    ),
    redelivered: counter(
      registry, 'commits_redelivered_total', 'Commits that came again', ['became'],
    ),
  };
}

function nameOf(end: WalkEnd): string {
  if (end.kind === 'stopped') return end.why.kind;
  return end.kind === 'abandoned' && end.continuation !== undefined ? 'to_be_continued' : end.kind;
}
