import { describe, expect, it } from '@jest/globals';
import { type LoadSample } from './load';
import { findRow, loadRows } from './load-rows';

const sample = (more: Partial<LoadSample>): LoadSample => ({
  round: 0, system: 'holdfast', delayMs: 0, connections: 64, requestsPerS: 100, requests: 500,
  allRequests: 600, errors: 0, p50Ms: 2, p95Ms: 4, p99Ms: 8, meanMs: 2,
  cpuSPer1000: { ingress: 0.2, router: 0.1 }, peakMb: { ingress: 100, router: 80 },
  othersPercent: 1, ...more,
});

describe('a row', () => {
  const rows = loadRows({ samples: [
    sample({ requestsPerS: 100, errors: 1 }),
    sample({ round: 1, requestsPerS: 300, errors: 2, cpuSPer1000: { ingress: 0.4, router: 0.1 } }),
    sample({ round: 2, requestsPerS: 120, cpuSPer1000: { ingress: 0.3, router: 0.1 } }),
    sample({ system: 'simulator', p50Ms: 0.5 }),
    sample({ connections: 1, p50Ms: 9 }),
  ] });

  it('is the median of its rounds', () => {
    expect(findRow(rows, 'holdfast', 64)).toMatchObject({ requestsPerS: 120, rounds: 3 });
  });

  it('leaves out rounds in which others used the machine, if there are better ones', () => {
    const [calm] = loadRows({ samples: [
      sample({ requestsPerS: 30, othersPercent: 40 }), sample({ round: 1 }),
    ] });
    expect(calm).toMatchObject({ requestsPerS: 100, rounds: 1, isDisturbed: false });
    const [never] = loadRows({ samples: [sample({ requestsPerS: 30, othersPercent: 40 })] });
    expect(never).toMatchObject({ requestsPerS: 30, rounds: 1, isDisturbed: true });
  });

  it('has the errors of all rounds', () => {
    expect(findRow(rows, 'holdfast', 64)?.errors).toBe(3);
  });

  it('sums CPU and memory over the processes', () => {
    expect(findRow(rows, 'holdfast', 64)).toMatchObject({
      cpuSPer1000: { ingress: 0.3, router: 0.1 }, cpuSPer1000Total: 0.4, peakMbTotal: 180,
    });
  });

  it('adds to the latency of the simulator in the same mode', () => {
    expect(findRow(rows, 'holdfast', 64)?.addedP50Ms).toBe(1.5);
    expect(findRow(rows, 'simulator', 64)?.addedP50Ms).toBe(0);
    expect(findRow(rows, 'holdfast', 1)?.addedP50Ms).toBeNull();
  });

  it('has figures of the log only where there is one', () => {
    const log = { eventsPerCommit: 12, appendsPerS: 300, archiveLagCommits: 5, drainS: 1.2 };
    const [row] = loadRows({ samples: [sample({ log })] });
    expect(row?.log).toEqual(log);
    expect(findRow(rows, 'simulator', 64)?.log).toBeNull();
  });
});
