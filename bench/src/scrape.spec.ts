import { describe, expect, it } from '@jest/globals';
import { metricIn, metricSumIn } from './scrape';

const text = `# HELP holdfast_router_jobs Jobs without an outcome
# TYPE holdfast_router_jobs gauge
holdfast_router_jobs{service="router",instance="router-1"} 12
holdfast_router_jobs_ended{service="router",instance="router-1"} 5
holdfast_attempts_total{provider="now",outcome="succeeded"} 40
holdfast_attempts_total{provider="late",outcome="failed"} 2
up 1
`;

describe('a metric', () => {
  it('is found by its whole name', () => {
    expect(metricIn(text, 'holdfast_router_jobs')).toBe(12);
    expect(metricIn(text, 'up')).toBe(1);
  });

  it('that is not there is not zero', () => {
    expect(metricIn(text, 'holdfast_router')).toBeNaN();
  });

  it('with labels can be summed', () => {
    expect(metricSumIn(text, 'holdfast_attempts_total')).toBe(42);
  });
});
