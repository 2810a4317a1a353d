// Golden files: one event per type and version, parsed forever. A file is written once, with the
// version it shows; it is never edited afterwards, since logs hold such events for years.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { type EventType, schemas } from './catalogue';
import type { AnyEvent } from './envelope';
import { parseEventLine } from './parse-commit';
import { currentVersion } from './versions';

const folder = 'libs/events/golden';
const types = Object.keys(schemas) as EventType[];
const versions = types.flatMap((type) =>
  Array.from({ length: currentVersion[type] }, (_, index) => [type, index + 1] as const));

function golden(type: EventType, version: number): AnyEvent {
  return JSON.parse(readFileSync(`${folder}/${type}.v${version}.json`, 'utf8')) as AnyEvent;
}

describe('events of every type and version', () => {
  test.each(versions)('%s version %d is read and fits the current schema', (type, version) => {
    const stored = golden(type, version);
    const event = parseEventLine(JSON.stringify(stored), 0);
    expect(event).toMatchObject({ type, version: currentVersion[type] });
    // Equal, so no field of the file is unknown to the schema.
    expect(schemas[type].parse(event.data)).toEqual(event.data);
    if (version === currentVersion[type]) expect(event).toEqual(stored);
  });

  test('have one golden file each, and there is none without a version', () => {
    const expected = versions.map(([type, version]) => `${type}.v${version}.json`);
    expect(readdirSync(folder).sort()).toEqual(expected.sort());
    expect(existsSync(`${folder}/JobSubmitted.v1.json`)).toBe(true);
  });
});
