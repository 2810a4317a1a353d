// The deterministic parts: answer text, draws, samples of schemas.
import { describe, expect, test } from '@jest/globals';
import { sampleOf } from './sample';
import { answerText, draw } from './text';
import { pieces } from './tokens';

describe('an answer', () => {
  test('has exactly the tokens that were asked for', () => {
    for (const tokens of [0, 1, 7, 200, 50_000]) {
      expect(pieces(answerText('what?', tokens))).toHaveLength(tokens);
    }
  });

  test('depends on the prompt alone', () => {
    expect(answerText('a', 50)).toBe(answerText('a', 50));
    expect(answerText('a', 50)).not.toBe(answerText('b', 50));
  });

  test('has no character that pieces could split', () => {
    expect(answerText('so 🎉\n fine', 20)).toContain('"so   fine"');
  });
});

describe('a draw', () => {
  test('is even and the same for the same seed', () => {
    const draws = Array.from({ length: 10_000 }, (_, at) => draw(5, at));
    expect(draws.reduce((sum, one) => sum + one, 0) / draws.length).toBeCloseTo(0.5, 1);
    expect(draw(5, 17)).toBe(draws[17]);
  });
});

describe('a sample of a schema', () => {
  test('takes what the schema fixes before it invents', () => {
    const schema = {
      type: 'object',
      properties: {
        unit: { enum: ['C', 'F'] }, kind: { const: 'x' }, many: { type: 'array', items: {} },
        on: { type: ['null', 'boolean'] }, when: { type: 'string', format: 'date' },
        part: { $ref: '#/$defs/part' }, either: { anyOf: [{ type: 'null' }, { type: 'number' }] },
      },
      $defs: { part: { type: 'object', properties: { id: { type: 'integer', minimum: 4 } } } },
    };
    expect(sampleOf(schema, 'hint')).toEqual({
      unit: 'C', kind: 'x', many: [{}], on: true, when: '2025-01-01', part: { id: 4 }, either: 1,
    });
  });

  test('of a schema that contains itself comes to an end', () => {
    const schema = { type: 'object', properties: { next: { $ref: '#' } } };
    expect(JSON.stringify(sampleOf(schema, 'hint')).length).toBeLessThan(500);
  });
});
