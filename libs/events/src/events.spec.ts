// Rules of the wire: how commits are split and read, where a tenant lives, what stays readable.
import { describe, expect, test } from '@jest/globals';
import { seededRandom } from '@libs/test-kit/seeded-random';
import { schemas } from './catalogue';
import { type EventDraft, stamp, timeMs } from './envelope';
import {
  UnreadableEvent, contentLineText, parseContentLine, parseEventLine, splitCommit,
} from './parse-commit';
import { partitionCountMax, partitionOf, partitionOfSubject, subjects } from './subjects';
import { currentVersion } from './versions';

const draft: EventDraft = {
  type: 'AttemptReturned', subject: 'job_1', tenant: 'acme', data: { routing: 1, reason: 'draining' },
};
const split = (text: string): { eventLines: readonly string[]; contentLines: string[] } => {
  const { eventLines, contentLines } = splitCommit(Buffer.from(text));
  return { eventLines, contentLines: contentLines() };
};
const content = { sha256: 'ab', encoding: 'utf8', text: '{"id":"not an event"}\n' } as const;

describe('a commit', () => {
  const event = JSON.stringify(stamp(draft, 'e1', 0));

  test('is split where facts end and content begins', () => {
    const line = contentLineText(content);
    expect(split([event, event, line, line].join('\n'))).toEqual({
      eventLines: [event, event], contentLines: [line, line],
    });
  });

  test('may have no content, end with a line break, or be empty', () => {
    expect(split(`${event}\n`)).toEqual({ eventLines: [event], contentLines: [] });
    expect(split('')).toEqual({ eventLines: [], contentLines: [] });
  });

  test('has no content before its last event', () => {
    const line = contentLineText(content);
    expect(split([event, line, event, line].join('\n'))).toEqual({
      eventLines: [event, line, event], contentLines: [line],
    });
    expect(split(line)).toEqual({ eventLines: [], contentLines: [line] });
  });

  test('content that looks like an event, or holds line breaks, stays content', () => {
    const line = contentLineText(content);
    expect(line).not.toContain('\n');
    expect(parseContentLine(line)).toEqual(content);
    expect(split(`${event}\n${line}`).eventLines).toEqual([event]);
  });

  test('a data key of encrypted content is kept', () => {
    const encrypted = { ...content, encoding: 'base64', key_id: 'k1' } as const;
    expect(parseContentLine(contentLineText(encrypted))).toEqual(encrypted);
  });
});

describe('a line that this build cannot read', () => {
  const event = stamp(draft, 'e1', 0);
  test.each([
    ['an unknown type', { ...event, type: 'JobTeleported' }, /unknown type JobTeleported/],
    ['a type that is a property of every object', { ...event, type: 'toString' }, /unknown type/],
    ['a newer version', { ...event, version: 2 }, /version 2, known up to 1/],
  ])('and a newer one may stops the fold: %s', (_name, line, why) => {
    expect(unreadable(JSON.stringify(line))).toMatchObject({ broken: false });
    expect(unreadable(JSON.stringify(line)).message).toMatch(why);
  });

  test.each([
    ['broken JSON', '{"id":', /not JSON/],
    ['bytes', '\u0000\u0001\ufffd', /not JSON/],
    ['nothing', 'null', /not an event/],
    ['a list', '[1]', /not an event/],
    ['no envelope', '{"id":"e1"}', /not an event/],
    ['no type', JSON.stringify({ ...event, type: 7 }), /not an event/],
    ['no version', JSON.stringify({ ...event, version: '1' }), /not an event/],
    ['a version that never was', JSON.stringify({ ...event, version: 0 }), /not an event/],
    ['no data', JSON.stringify({ ...event, data: null }), /not an event/],
  ])('nor any other build is broken: %s', (_name, line, why) => {
    expect(unreadable(line)).toMatchObject({ broken: true, line: 7 });
    expect(unreadable(line).message).toMatch(why);
  });

  function unreadable(line: string): UnreadableEvent {
    try {
      parseEventLine(line, 7);
    } catch (error) {
      if (error instanceof UnreadableEvent) return error;
    }
    throw new Error('it was read');
  }
});

test('what is stamped is read back the same, whatever texts it carries', () => {
  const random = seededRandom(7);
  for (let run = 0; run < 500; run += 1) {
    const reason = Array.from({ length: random.whole(0, 20) }, () =>
      String.fromCodePoint(random.pick([10, 34, 92, 123, 0x2028, 0x1f600, random.whole(32, 0xd7ff)]))).join('');
    const nowMs = random.whole(0, 4_102_444_800_000);
    const event = stamp({
      ...draft, subject: `job_${run}`, data: { routing: run, reason },
      ...(random.chance(0.5) ? { causation: reason } : {}),
    }, `e${run}`, nowMs);
    const text = [JSON.stringify(event), contentLineText({ ...content, text: reason })].join('\n');
    const { eventLines, contentLines } = split(text);
    expect(eventLines.map((line, index) => parseEventLine(line, index))).toEqual([event]);
    expect(contentLines.map((line) => parseContentLine(line).text)).toEqual([reason]);
    expect(timeMs(event)).toBe(nowMs);
    expect(eventLines[0]?.startsWith('{"id":')).toBe(true);
  }
});

test('every type has a schema and a version', () => {
  expect(Object.keys(currentVersion).sort()).toEqual(Object.keys(schemas).sort());
  expect(Object.values(currentVersion).every((version) => version >= 1)).toBe(true);
});

describe('partitions', () => {
  test('a tenant lives in the same partition for ever', () => {
    const tenants = ['default', 'acme', 'a', '', 'käse', 'customer-42'];
    expect(tenants.map((tenant) => [tenant, partitionOf(tenant, 4), partitionOf(tenant, 64)])).toEqual([
      ['default', 2, 30],
      ['acme', 3, 47],
      ['a', 0, 44],
      ['', 1, 5],
      ['käse', 2, 58],
      ['customer-42', 2, 62],
    ]);
  });

  test('tenants spread over all partitions', () => {
    const counts = new Array<number>(partitionCountMax).fill(0);
    for (let index = 0; index < 64_000; index += 1) {
      const partition = partitionOf(`tenant-${index}`, partitionCountMax);
      counts[partition] = (counts[partition] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(700);
    expect(Math.max(...counts)).toBeLessThan(1_300);
  });

  test('are found in the names of subjects', () => {
    expect(subjects.job(3, 'routed')).toBe('events.job.3.routed');
    expect(partitionOfSubject('events.job.3.routed')).toBe(3);
    expect(partitionOfSubject(subjects.webhook(12))).toBe(12);
    expect(partitionOfSubject(subjects.governance)).toBeNull();
    expect(partitionOfSubject('events.job.*.routed')).toBeNull();
  });
});
