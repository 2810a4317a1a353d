// The edge's own figures. Children of a counter are kept, so that a request costs no label lookup.
import { counter, gauge, histogram, type Histogram, type Registry } from '@libs/telemetry/metrics';
import { type Admission } from './admission';

interface Child {
  inc(): void;
}

export class EdgeMetrics {
  readonly #children = new Map<string, Child>();
  readonly #requests;
  readonly #events;
  readonly #duration: Histogram;

  constructor(
    readonly registry: Registry,
    admission: Admission,
  ) {
    this.#requests = counter(
      registry, 'ingress_requests_total', 'Requests answered', ['route', 'status'],
    );
    this.#events = counter(registry, 'ingress_events_total', 'Things worth counting', ['event']);
    this.#duration = histogram(
      registry, 'ingress_request_seconds', 'Time from request to the end of its answer',
      // From the edge's own cost (a refused request) to the sync deadline.
      [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 600],
    );
    const waiting = gauge(registry, 'ingress_waiting_requests', 'Requests waiting for an answer');
    Object.assign(waiting, { collect: () => waiting.set(admission.waiting) });
  }

  /** Requests that have come in and whose answer or connection has not ended. */
  active = 0;

  answered(route: string, status: number, seconds: number): void {
    this.#child(`${route} ${status}`, () => this.#requests.labels(route, String(status))).inc();
    this.#duration.observe(seconds);
  }

  happened(event: string): void {
    this.#child(event, () => this.#events.labels(event)).inc();
  }

  #child(id: string, make: () => Child): Child {
    let child = this.#children.get(id);
    if (child === undefined) {
      child = make();
      this.#children.set(id, child);
    }
    return child;
  }
}
