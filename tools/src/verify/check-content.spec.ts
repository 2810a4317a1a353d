import { describe, expect, it } from '@jest/globals';
import { sha256 } from '@libs/checkpoints/ed25519';
import { type Database } from '@libs/postgres/database';
import { checkContent, checkLarge, type LargeNamed } from './check-content';
import { KeysNamed } from './check-keys';

const hashOf = (text: string): string => Buffer.from(sha256(Buffer.from(text))).toString('hex');
const eventLine = (type: string, data: object): string => JSON.stringify({ id: '1', type, data });
const contentLine = (text: string): string =>
  JSON.stringify({ sha256: hashOf(text), encoding: 'utf8', text });
const inLine = { sha256: hashOf('so far'), bytes: 6, where: 'line' };
const large = { sha256: hashOf('large'), bytes: 5, where: 'object' };
const bringing: [string, object][] = [
  ['JobSubmitted', { body: inLine }], ['JobSucceeded', { result: inLine }],
  ['JobFailed', { result: inLine }], ['AttemptAbandoned', { continuation: { answer: inLine } }],
  ['JobSucceeded', { result: { ...large, redacted: inLine } }],
];

function check(lines: readonly string[], named: LargeNamed = new Map()): string[] {
  const bytes = Buffer.from(`${lines.join('\n')}\n`);
  return checkContent(7, bytes, new KeysNamed(), named).map(({ message }) => message);
}

describe('content beside its events', () => {
  it.each(bringing)('of %s is missed when it is not there', (type, data) => {
    const line = eventLine(type, data);
    expect(check([line, contentLine('so far')])).toEqual([]);
    expect(check([line])).toEqual([`commit 7: content ${inLine.sha256} is named and not there`]);
    expect(check([line, contentLine('other')])).toHaveLength(1);
  });

  it('of a routing stands elsewhere', () => {
    expect(check([eventLine('JobRouted', { body: inLine })])).toEqual([]);
  });
});

describe('large content', () => {
  const database = (present: readonly string[]): Database => ({
    query: () => Promise.resolve(present.map((hash) => ({ sha256: hash, last_sequence: '7' }))),
  }) as unknown as Database;

  it('that events name and the archive has not is named, with its commit', async () => {
    const named: LargeNamed = new Map();
    expect(check([eventLine('JobSubmitted', { body: large })], named)).toEqual([]);
    expect(await checkLarge(database([large.sha256]), named)).toEqual([]);
    expect(await checkLarge(database([]), named)).toEqual([{
      kind: 'content', message: `commit 7: large content ${large.sha256} is named and not there`,
    }]);
  });
});
