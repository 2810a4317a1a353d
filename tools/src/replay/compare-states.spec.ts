import { describe, expect, it } from '@jest/globals';
import { compareStates } from './compare-states';
import { changesTable } from './show-state';

const before = [
  { key: 'gone', value: { spent: '1' } },
  { key: 'key/k1 budget day', value: { kind: 'budget', spent: '0.5', held: '0', models: ['a'] } },
  { key: 'p', value: { targets: [{ model: 'm1', share: 1 }, { model: 'm2', share: 1 }], last: null } },
  { key: 'same', value: { deep: { list: [1, { name: 'x' }] } } },
];
const after = [
  { key: 'key/k1 budget day', value: { kind: 'budget', spent: '0.75', held: '0', models: ['a', 'b'] } },
  { key: 'key/new budget day', value: { spent: '2' } },
  { key: 'p', value: { targets: [{ model: 'm2', share: 0.25 }, { model: 'm3', share: 1 }], last: { atMs: 1_790_000_000_000 } } },
  { key: 'same', value: { deep: { list: [1, { name: 'x' }] } } },
];

describe('two moments', () => {
  it('differ by what came, went and changed, field by field', () => {
    expect(compareStates(before, after)).toEqual([
      { change: 'removed', key: 'gone', before: { spent: '1' } },
      { change: 'changed', key: 'key/k1 budget day', fields: [
        { field: 'spent', before: '0.5', after: '0.75' },
        { field: 'models[1]', after: 'b' },
      ] },
      { change: 'added', key: 'key/new budget day', after: { spent: '2' } },
      { change: 'changed', key: 'p', fields: [
        { field: 'targets[m1]', before: { model: 'm1', share: 1 } },
        { field: 'targets[m2].share', before: 1, after: 0.25 },
        { field: 'targets[m3]', after: { model: 'm3', share: 1 } },
        { field: 'last', before: null, after: { atMs: 1_790_000_000_000 } },
      ] },
    ]);
  });

  it('that are the same have no difference', () => {
    expect(compareStates(after, after)).toEqual([]);
    expect(changesTable('budgets', [])).toBe('nothing changed');
  });

  it('are shown with money in USD and times as times', () => {
    const text = changesTable('budgets', compareStates(before, after));
    expect(text).toMatch(/~ +key\/k1 budget day +spent +0\.5 USD +0\.75 USD/);
    expect(text).toMatch(/\+ +key\/new budget day +spent=2 USD/);
    const [line] = changesTable('health', [{ change: 'changed', key: 'p', fields: [
      { field: 'targets[m].last_ms', before: null, after: 1_790_000_000_000 },
    ] }]).split('\n').slice(1);
    expect(line).toMatch(/~ +p +targets\[m\]\.last_ms +- +2026-09-21T14:13:20\.000Z/);
  });
});
