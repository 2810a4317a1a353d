import { describe, expect, it } from '@jest/globals';
import { dearestFunctions, dearestPlaces } from './dearest';
import { type CallFrame, type CpuProfile, foldProfile } from './fold-profile';

const node = (id: number, functionName: string, children: number[] = [], url = 'ours.js') =>
  ({ id, callFrame: { functionName, url, lineNumber: 0, columnNumber: 0 }, children });

// main → work → (work → deep), main → package's function; and idle.
const profile: CpuProfile = {
  nodes: [
    node(1, '(root)', [2, 7]), node(2, 'main', [3, 6]), node(3, 'work', [4]),
    node(4, 'work', [5]), node(5, 'deep'), node(6, 'send', [], 'undici'), node(7, '(idle)'),
  ],
  startTime: 1_000,
  samples: [3, 4, 5, 6, 7, 5],
  timeDeltas: [10, 10, 20, 40, 900, 20],
};
const nameOf = ({ functionName, url }: CallFrame) => ({ name: functionName, place: url });
const always = { fromUs: 0, toUs: Infinity };

describe('a folded profile', () => {
  it('has all busy time and no idle time', () => {
    expect(foldProfile(profile, always, nameOf).totalUs).toBe(100);
  });

  it('gives each frame its own time and that of what it calls', () => {
    const main = foldProfile(profile, always, nameOf).children.get('main ours.js');
    expect(main).toMatchObject({ selfUs: 0, totalUs: 100 });
    expect(main?.children.get('work ours.js')).toMatchObject({ selfUs: 10, totalUs: 60 });
    expect(main?.children.get('send undici')).toMatchObject({ selfUs: 40, totalUs: 40 });
  });

  it('leaves out what was before and after the window', () => {
    const root = foldProfile(profile, { fromUs: 1_015, toUs: 1_100 }, nameOf);
    expect(root.totalUs).toBe(70);
  });
});

describe('the dearest functions', () => {
  const root = foldProfile(profile, always, nameOf);

  it('are those with the most time of their own', () => {
    expect(dearestFunctions(root, 2)).toEqual([
      { name: 'deep', place: 'ours.js', selfPercent: 40, totalPercent: 40 },
      { name: 'send', place: 'undici', selfPercent: 40, totalPercent: 40 },
    ]);
  });

  it('count a function that calls itself once', () => {
    expect(dearestFunctions(root, 4).find(({ name }) => name === 'work'))
      .toEqual({ name: 'work', place: 'ours.js', selfPercent: 20, totalPercent: 60 });
  });
});

describe('the dearest places', () => {
  it('are sums over all their functions', () => {
    expect(dearestPlaces(foldProfile(profile, always, nameOf), 10)).toEqual([
      { place: 'ours.js', percent: 60 }, { place: 'undici', percent: 40 },
    ]);
  });
});
