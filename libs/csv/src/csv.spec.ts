import { expect, test } from '@jest/globals';
import { csvRecord } from './csv';

test('a record ends with CR LF, and has its fields between commas', () => {
  expect(csvRecord(['a', 7, null, 'b c'])).toBe('a,7,,b c\r\n');
});

test.each([
  ['a,b', '"a,b"'], ['say "x"', '"say ""x"""'], ['two\nlines', '"two\nlines"'], ['', ''],
])('a field with a comma, a quote or a line break is quoted: %j', (text, field) => {
  expect(csvRecord([text])).toBe(`${field}\r\n`);
});

test.each([
  ['=1+1', "'=1+1"], ['+1', "'+1"], ['@SUM(A1)', "'@SUM(A1)"], ['-2+3', "'-2+3"], ['\t=1', "'\t=1"],
  ['=HYPERLINK("x","y")', '"\'=HYPERLINK(""x"",""y"")"'], ['\r=1', '"\'\r=1"'],
])('what a spreadsheet would take for a formula is text: %j', (text, field) => {
  expect(csvRecord([text])).toBe(`${field}\r\n`);
});

test.each(['-1', '-0.000123', '12.5'])('a number stays a number: %s', (text) => {
  expect(csvRecord([text])).toBe(`${text}\r\n`);
});
