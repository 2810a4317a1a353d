import { describe, expect, it } from '@jest/globals';
import { trimUpTo } from './trim-plan';

const free = {
  archivedSequence: 100, snapshotSequence: 90, oldestUnsettledSequence: null, firstKeptSequence: null,
};

describe('trimming', () => {
  it('takes nothing that is not archived', () => {
    expect(trimUpTo({ ...free, archivedSequence: 10 })).toBe(10);
  });

  it('takes nothing while no snapshot stands', () => {
    expect(trimUpTo({ ...free, snapshotSequence: null })).toBe(0);
  });

  it('keeps what routers start from', () => {
    expect(trimUpTo(free)).toBe(90);
  });

  it('keeps every event of a job without an outcome', () => {
    expect(trimUpTo({ ...free, oldestUnsettledSequence: 42 })).toBe(41);
  });

  it('keeps what is younger than the retention', () => {
    expect(trimUpTo({ ...free, firstKeptSequence: 7 })).toBe(6);
  });

  it('never asks for less than nothing', () => {
    expect(trimUpTo({ ...free, firstKeptSequence: 0 })).toBe(0);
  });
});
