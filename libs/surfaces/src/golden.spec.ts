// The golden files: requests, responses and streams of one surface with what they become on the
// other. They are kept; a change of one is a change of what clients and providers see.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { type JsonObject } from './json';
import { type Endpoint, type ProviderKind } from './surface';
import { endStream, newStreamTranslation, stepStream } from './translate/stream';
import { translateRequest, translateResponse } from './translate/translate';

interface GoldenFile {
  readonly about: string;
  readonly kind: 'request' | 'response' | 'stream';
  readonly endpoint: Endpoint;
  readonly target: { readonly kind: ProviderKind; readonly model: string };
  readonly from_kind: ProviderKind;
  readonly include_usage: boolean;
  readonly created_s: number;
  readonly input: JsonObject & JsonObject[];
  readonly expected: unknown;
}

const folder = 'libs/surfaces/golden';

function read(name: string): GoldenFile {
  return JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')) as GoldenFile;
}

function translateGolden(file: GoldenFile): unknown {
  switch (file.kind) {
    case 'request':
      return translateRequest({ endpoint: file.endpoint, body: file.input }, file.target);
    case 'response':
      return translateResponse(file.endpoint, file.input, file.created_s);
    case 'stream':
      return translateStream(file);
  }
}

function translateStream(file: GoldenFile): unknown[] {
  const to = file.from_kind === 'openai' ? 'anthropic' : 'openai';
  const translation = newStreamTranslation(file.from_kind, to, {
    createdS: 1_700_000_000, includeUsage: file.include_usage,
  })!;
  const events = file.input.flatMap((event: JsonObject) => stepStream(translation, event));
  return [...events, ...endStream(translation)].map(({ event, data }) => (
    data === '[DONE]' ? data : { event, data: JSON.parse(data) as unknown }
  ));
}

describe('a golden translation', () => {
  test.each(readdirSync(folder))('%s stays as it is', (name) => {
    const file = read(name);
    expect(JSON.parse(JSON.stringify(translateGolden(file)))).toEqual(file.expected);
  });
});
