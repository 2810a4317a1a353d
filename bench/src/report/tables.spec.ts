import { describe, expect, it } from '@jest/globals';
import { type LoadRow } from '../parts/load-rows';
import { asMarkdown, asText, figure, loadTable, partsTable } from './tables';

const row = (more: Partial<LoadRow>): LoadRow => ({
  system: 'holdfast', delayMs: 0, connections: 64, requestsPerS: 3_210, p50Ms: 5.126, p95Ms: 9,
  p99Ms: 12, addedP50Ms: 4.9, cpuSPer1000: { ingress: 0.2 }, cpuSPer1000Total: 0.2,
  peakMb: { ingress: 120 }, peakMbTotal: 120, errors: 0, rounds: 3, isDisturbed: false,
  log: null, ...more,
});

describe('a figure', () => {
  it.each([
    [12_345.6, '12,346'], [123.4, '123'], [12.34, '12.3'], [0.01234, '0.0123'], [0, '0'],
    [null, '–'], [NaN, '–'],
  ])('%p is written as %s', (value, text) => {
    expect(figure(value)).toBe(text);
  });
});

describe('the table of the load', () => {
  it('has the rows of one delay', () => {
    const table = loadTable([row({}), row({ delayMs: 50 })], 50);
    expect(table.rows.length).toBe(1);
  });

  it('does not claim that a peer without known processes needs no CPU', () => {
    const [cells] = loadTable([row({ cpuSPer1000: {}, cpuSPer1000Total: 0 })], 0).rows;
    expect(cells?.[7]).toBe('–');
  });
});

describe('the table of parts', () => {
  it('has a column for every process of any system', () => {
    const other = row({ system: 'raw', peakMb: { nats: 30 } });
    expect(partsTable([row({}), other], 64, ({ peakMb }) => peakMb)).toEqual({
      head: ['system', 'ingress', 'nats'],
      rows: [['holdfast', '120', '–'], ['raw', '–', '30']],
    });
  });
});

describe('a table', () => {
  const table = { head: ['name', 'n'], rows: [['a', '5'], ['bcdef', '12']] };

  it('has its columns one under the other, numbers to the right', () => {
    expect(asText(table)).toBe('name    n\na       5\nbcdef  12');
  });

  it('is Markdown for the documentation', () => {
    expect(asMarkdown(table)).toBe('| name | n |\n| --- | --- |\n| a | 5 |\n| bcdef | 12 |');
  });
});
