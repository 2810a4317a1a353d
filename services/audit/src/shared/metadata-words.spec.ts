import { expect, test } from '@jest/globals';
import { metadataWords, wordsOf } from './metadata-words';

test('words are runs of letters and digits, in lower case, each once', () => {
  expect(wordsOf('Month-End close, month 12 — Zürich/Ωmega')).toEqual(
    ['month', 'end', 'close', '12', 'zürich', 'ωmega']);
});

test('names and values of metadata are both found', () => {
  expect(metadataWords({ purpose: 'Audit 7', 'cost-center': 'x' })).toEqual(['purpose', 'audit', '7', 'cost', 'center', 'x']);
  expect(metadataWords({})).toBeNull();
});

test('what is composed of two characters is found as one', () => {
  expect(wordsOf('Zu\u0308rich')).toEqual(wordsOf('Zürich'));
});

test('neither many nor long words bloat the index', () => {
  expect(wordsOf(Array.from({ length: 500 }, (_, at) => `w${at}`).join(' '))).toHaveLength(64);
  expect(wordsOf('x'.repeat(1_000))[0]).toHaveLength(64);
});
