// The command line.
import { expect, test } from '@jest/globals';
import { readOptions } from './options';

test('without arguments all scenarios run, and no report is written', () => {
  expect(readOptions([])).toMatchObject({ only: [], seconds: 32, perSecond: 25, report: false });
});

test('scenarios are chosen by name, and a wrong name is refused', () => {
  expect(readOptions(['--only', 'down, slow', '--report']))
    .toMatchObject({ only: ['down', 'slow'], report: true });
  expect(() => readOptions(['--only', 'dwon'])).toThrow('there is no scenario "dwon"');
});

test('a run that has no room for its fault and the return from it is refused', () => {
  expect(() => readOptions(['--seconds', '10'])).toThrow('--seconds takes a whole number from 20');
});

test('--help goes before everything else', () => {
  expect(readOptions(['--help', '--only', 'down'])).toBe('help');
});
