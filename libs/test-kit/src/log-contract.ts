// What every implementation of the log must do; run against the one in memory and the real one.
import { describe, expect, it } from '@jest/globals';
import type { AnyEvent } from '@libs/events/envelope';
import { isFault } from '@libs/faults/faults';
import { inlineContent, prepareContent, readContent } from '@libs/log/content';
import { type Commit, type Entry, type EventLog, type Position } from '@libs/log/log';
import { waitFor } from './wait-for';

let made = 0;

/** An event of a known type; only its id matters to the log. */
export function anEvent(id = `event-${(made += 1)}`, padding = ''): AnyEvent {
  return {
    id, type: 'RequestDenied', version: 1, time: '2026-01-01T00:00:00.000Z', subject: 'key',
    tenant: 'default', data: { note: padding },
  } as unknown as AnyEvent;
}

export const anEntry = (id?: string): Entry => ({ events: [anEvent(id)] });

async function commitAt(log: EventLog, sequence: number): Promise<Commit> {
  const commit = await log.readAt(sequence);
  if (commit === null) throw new Error(`nothing at ${sequence}`);
  return commit;
}

const positionOf = ({ sequence, msgId }: Commit): Position => ({ sequence, msgId });

/** `newLog` gives a log that only this test uses. */
export function describeLogContract(name: string, newLog: () => Promise<EventLog>): void {
  describe(`${name}: appending`, () => appending(newLog));
  describe(`${name}: appending with a fence`, () => fencing(newLog));
  describe(`${name}: folding`, () => folding(newLog));
  describe(`${name}: the end of a fold`, () => stopping(newLog));
  describe(`${name}: content`, () => content(newLog));
}

function appending(newLog: () => Promise<EventLog>): void {
  it('an appended entry is read back at its position', async () => {
    const log = await newLog();
    const { sequence, line } = await log.append('events.access', anEntry('a'));
    const commit = await log.readAt(sequence);
    expect(commit?.events[line]?.id).toBe('a');
    expect(commit?.subject).toBe('events.access');
    expect(commit?.msgId).not.toBe('');
    expect(Math.abs((commit?.appendedAtMs ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  it('entries that arrive together leave together, in order, each with its line', async () => {
    const log = await newLog();
    const all = await Promise.all(
      Array.from({ length: 600 }, (_, index) => log.append('events.access', anEntry(`e${index}`))),
    );
    const sequences = [...new Set(all.map(({ sequence }) => sequence))];
    // 256, 256 and the rest.
    expect(sequences).toHaveLength(3);
    for (const [index, { sequence, line }] of all.entries()) {
      expect((await log.readAt(sequence))?.events[line]?.id).toBe(`e${index}`);
    }
  });

  it('the same content twice in a commit is stored once', async () => {
    const log = await newLog();
    const lines = inlineContent('the same prompt')?.lines ?? [];
    const [first, second] = await Promise.all([
      log.append('events.access', { events: [anEvent('x')], content: lines }),
      log.append('events.access', { events: [anEvent('y')], content: lines }),
    ]);
    expect(second.sequence).toBe(first.sequence);
    const commit = await log.readAt(first.sequence);
    expect(commit?.contentLines).toHaveLength(1);
    expect(commit?.events.map(({ id }) => id)).toEqual(['x', 'y']);
  });

  it('an entry larger than a message is refused without harm to others', async () => {
    const log = await newLog();
    const huge = { events: [anEvent('huge', 'x'.repeat(2_000_000))] };
    const [first, second] = await Promise.allSettled([
      log.append('events.access', huge), log.append('events.access', anEntry('small')),
    ]);
    expect(first.status === 'rejected' && isFault(first.reason, 'too_large')).toBe(true);
    expect(second.status).toBe('fulfilled');
  });

  it('reading beyond the end, or a subject without commits, finds nothing', async () => {
    const log = await newLog();
    expect(await log.readAt(7)).toBeNull();
    expect(await log.lastOf('events.checkpoint')).toBeNull();
  });

  it('the state tells first and last sequence', async () => {
    const log = await newLog();
    await log.append('events.access', anEntry());
    await log.append('events.access', anEntry());
    const state = await log.state();
    expect([state.firstSequence, state.lastSequence]).toEqual([1, 2]);
    expect(state.bytes).toBeGreaterThan(0);
  });
}

function fencing(newLog: () => Promise<EventLog>): void {
  it('an append with the right expectation is stored, whatever other subjects did', async () => {
    const log = await newLog();
    const first = await log.appendFenced('events.governance', anEntry(), 0);
    await log.append('events.access', anEntry());
    const sequence = first.outcome === 'appended' ? first.sequence : NaN;
    const second = await log.appendFenced('events.governance', anEntry('g2'), sequence);
    expect(second).toEqual({ outcome: 'appended', sequence: 3 });
    expect((await log.lastOf('events.governance'))?.events[0]?.id).toBe('g2');
  });

  it('of two writers with the same expectation one wins, the other learns the last sequence', async () => {
    const log = await newLog();
    const results = await Promise.all([
      log.appendFenced('events.governance', anEntry('a'), 0),
      log.appendFenced('events.governance', anEntry('b'), 0),
    ]);
    expect(results.map(({ outcome }) => outcome).sort()).toEqual(['appended', 'lost_race']);
    const lost = results.find(({ outcome }) => outcome === 'lost_race');
    expect(lost).toEqual({ outcome: 'lost_race', lastSequence: 1 });
    expect((await log.state()).lastSequence).toBe(1);
  });
}

function folding(newLog: () => Promise<EventLog>): void {
  it('a fold sees matching commits only, in log order, those before and after its start', async () => {
    const log = await newLog();
    const seen: Commit[] = [];
    await log.append('events.job.0.routed', anEntry('1'));
    await log.append('events.access', anEntry('2'));
    const following = await log.follow({
      subjects: ['events.job.*.routed', 'events.governance'],
      after: null, onCommit: (commit) => void seen.push(commit), onStopped: fail,
    });
    await following.caughtUp();
    expect(seen.map(({ sequence }) => sequence)).toEqual([1]);
    await log.append('events.job.3.routed', anEntry('3'));
    await log.append('events.governance', anEntry('4'));
    await log.append('events.access', anEntry('5'));
    await following.caughtUp();
    expect(seen.map(({ events }) => events[0]?.id)).toEqual(['1', '3', '4']);
    expect(following.handledSequence).toBe(5);
    await following.stop();
  });

  it('a fold continues after its position', async () => {
    const log = await newLog();
    for (const id of ['1', '2', '3']) await log.append('events.access', anEntry(id));
    const seen: string[] = [];
    const following = await log.follow({
      subjects: ['events.>'], after: positionOf(await commitAt(log, 2)),
      onCommit: ({ events }) => void seen.push(events[0]?.id ?? ''), onStopped: fail,
    });
    await following.caughtUp();
    expect(seen).toEqual(['3']);
    await following.stop();
  });

  it('a handler is never called while it still works', async () => {
    const log = await newLog();
    let running = 0;
    let most = 0;
    const following = await log.follow({
      subjects: ['events.>'], after: null, onStopped: fail,
      onCommit: async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setTimeout(resolve, 1));
        running -= 1;
      },
    });
    for (let index = 0; index < 20; index += 1) await log.append('events.access', anEntry());
    await following.caughtUp();
    expect(most).toBe(1);
    expect(following.handledSequence).toBe(20);
    await following.stop();
  });

}

function stopping(newLog: () => Promise<EventLog>): void {
  it('a fold whose position carries another id is forked and stops', async () => {
    const log = await newLog();
    await log.append('events.access', anEntry());
    await stopsAsForked(log, { sequence: 1, msgId: 'another' });
  });

  it('a fold whose position is beyond the end of the log is forked and stops', async () => {
    const log = await newLog();
    await log.append('events.access', anEntry());
    await stopsAsForked(log, { sequence: 9, msgId: 'any' });
  });

  it('a handler that throws stops its fold and nothing more is delivered', async () => {
    const log = await newLog();
    const stopped: unknown[] = [];
    const seen: number[] = [];
    await log.append('events.access', anEntry());
    await log.append('events.access', anEntry());
    await log.follow({
      subjects: ['events.>'], after: null,
      onStopped: (error) => void stopped.push(error),
      onCommit: ({ sequence }) => {
        seen.push(sequence);
        throw new Error('cannot fold this');
      },
    });
    await waitFor(() => stopped.length > 0);
    expect(String(stopped[0])).toContain('cannot fold this');
    expect(seen).toEqual([1]);
  });

  it('after stop nothing is delivered', async () => {
    const log = await newLog();
    const seen: number[] = [];
    const following = await log.follow({
      subjects: ['events.>'], after: null, onStopped: fail,
      onCommit: ({ sequence }) => void seen.push(sequence),
    });
    await following.caughtUp();
    await following.stop();
    await log.append('events.access', anEntry());
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(seen).toEqual([]);
  });
}

function content(newLog: () => Promise<EventLog>): void {
  it('small content travels with its commit, large content goes to the object store', async () => {
    const log = await newLog();
    for (const [text, where] of [['hello', 'line'], ['x'.repeat(300_000), 'object']] as const) {
      const { ref, lines } = await prepareContent(log, text);
      expect(ref.where).toBe(where);
      const { sequence } = await log.append('events.access', { events: [anEvent()], content: lines });
      expect(await readContent(log, await commitAt(log, sequence), ref)).toBe(text);
    }
  });

  it('content stored twice is there once and unchanged', async () => {
    const log = await newLog();
    await log.putObject('a'.repeat(64), Buffer.from('text'));
    await log.putObject('a'.repeat(64), Buffer.from('text'));
    expect(Buffer.from(await log.getObject('a'.repeat(64))).toString()).toBe('text');
  });

  it('content that is not there is a fault', async () => {
    const log = await newLog();
    const error: unknown = await log.getObject('b'.repeat(64)).catch((thrown: unknown) => thrown);
    expect(isFault(error, 'object_missing')).toBe(true);
  });
}

async function stopsAsForked(log: EventLog, after: Position): Promise<void> {
  const stopped: unknown[] = [];
  const seen: number[] = [];
  await log.follow({
    subjects: ['events.>'], after,
    onCommit: ({ sequence }) => void seen.push(sequence),
    onStopped: (error) => void stopped.push(error),
  });
  await waitFor(() => stopped.length > 0);
  expect(isFault(stopped[0], 'log_forked')).toBe(true);
  expect(seen).toEqual([]);
}

function fail(error: unknown): never {
  throw new Error('the fold stopped', { cause: error });
}
