import { describe, expect, test } from '@jest/globals';
import {
  applyEdits, insertFields, removeField, replaceValue, topLevelSpans,
} from './splice-body';

function spansOf(text: string): [string, string][] | null {
  const body = Buffer.from(text);
  const spans = topLevelSpans(body);
  return spans?.map((span) => [
    span.key, body.toString('utf8', span.valueStart, span.valueEnd),
  ]) ?? null;
}

describe('the top-level fields of a body', () => {
  test('are found without parsing, whatever they hold', () => {
    expect(spansOf(' { "model" : "a\\"b\\\\" , "n":1.0,"deep":{"model":"x","l":[{"}":"]"}]},'
      + '"t":true,"e":{}}\n')).toEqual([
      ['model', '"a\\"b\\\\"'], ['n', '1.0'],
      ['deep', '{"model":"x","l":[{"}":"]"}]}'], ['t', 'true'], ['e', '{}'],
    ]);
  });

  test('of an empty object are none', () => {
    expect(spansOf('{}')).toEqual([]);
  });

  test.each(['[]', '"x"', '', '{"a"', '{"a":', '{"a":{', '{"a":"b', '{a:1}'])(
    'of %s cannot be told', (text) => {
      expect(spansOf(text)).toBeNull();
    },
  );
});

describe('a changed body', () => {
  const body = Buffer.from('{"model": "ä", "x": 1.0, "last":[1]}');
  const spans = topLevelSpans(body)!;

  test('keeps every other byte', () => {
    expect(applyEdits(body, [replaceValue(spans[0]!, '"gpt"')]).toString())
      .toBe('{"model": "gpt", "x": 1.0, "last":[1]}');
  });

  test('is the same buffer where nothing changes', () => {
    expect(applyEdits(body, [])).toBe(body);
  });

  test.each([
    [0, '{"x": 1.0, "last":[1]}'], [1, '{"model": "ä", "last":[1]}'],
    [2, '{"model": "ä", "x": 1.0}'],
  ])('loses field %i with its comma', (index, expected) => {
    expect(applyEdits(body, [removeField(spans, index)]).toString()).toBe(expected);
  });

  test('gets new fields in front, also when it had none', () => {
    expect(applyEdits(body, [insertFields(body, spans, '"s":true')]).toString())
      .toBe('{"s":true,"model": "ä", "x": 1.0, "last":[1]}');
    const empty = Buffer.from('{}');
    expect(applyEdits(empty, [insertFields(empty, [], '"s":true')]).toString()).toBe('{"s":true}');
  });
});
