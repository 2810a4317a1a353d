// Metrics: one Prometheus registry per process. Names are listed here, once.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** A registry labelled with the service, with the process's own figures. */
export function createRegistry(service: string, instance: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service, instance });
  collectDefaultMetrics({ register: registry });
  return registry;
}

export function counter<L extends string>(
  registry: Registry, name: string, help: string, labelNames: readonly L[] = [],
): Counter<L> {
  return new Counter({ name: `holdfast_${name}`, help, labelNames, registers: [registry] });
}

export function gauge<L extends string>(
  registry: Registry, name: string, help: string, labelNames: readonly L[] = [],
): Gauge<L> {
  return new Gauge({ name: `holdfast_${name}`, help, labelNames, registers: [registry] });
}

export function histogram(registry: Registry, name: string, help: string, buckets: number[]): Histogram {
  return new Histogram({ name: `holdfast_${name}`, help, buckets, registers: [registry] });
}
