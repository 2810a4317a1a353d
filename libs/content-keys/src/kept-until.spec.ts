import { describe, expect, it } from '@jest/globals';
import { InMemoryKeyStore } from './in-memory-key-store';
import { erasedEntry, isKeyName } from './key-record';
import { keptUntil, neededUntil, usualTempo } from './kept-until';
import { keysForSpecs } from './keys-for-specs';
import { timedName, timeOfKey } from './timed-name';

const hourMs = 3_600_000;
const tempo = usualTempo(75 * hourMs);
const nowMs = Date.parse('2026-03-01T12:03:00.000Z');
const at = (ms: number): string => new Date(ms).toISOString();

describe('how long content is there', () => {
  const needed = { isWaitedFor: true, deadlineAtMs: nowMs + 600_000, hasWebhook: false };

  it('that somebody waits for: its deadline, two minutes, and the rest of ten minutes', () => {
    expect(at(neededUntil(tempo, needed))).toBe('2026-03-01T12:20:00.000Z');
  });

  it('of a job: its deadline and the rest of the hour; with a webhook its schedule, too', () => {
    const job = { ...needed, isWaitedFor: false, deadlineAtMs: nowMs + 24 * hourMs };
    expect(at(neededUntil(tempo, job))).toBe('2026-03-02T13:00:00.000Z');
    expect(at(neededUntil(tempo, { ...job, hasWebhook: true }))).toBe('2026-03-05T16:00:00.000Z');
  });

  it('for days: at least so many, at most a day more; beyond a month at most 30 more', () => {
    expect(at(keptUntil(tempo, nowMs, 1))).toBe('2026-03-03T00:00:00.000Z');
    for (const days of [1, 7, 31, 32, 365, 3_650]) {
      const kept = (keptUntil(tempo, nowMs, days) - nowMs) / (24 * hourMs);
      expect(kept).toBeGreaterThanOrEqual(days);
      expect(kept).toBeLessThan(days + (days > 31 ? 30 : 1));
    }
  });

  it('requests of one period share a key', () => {
    expect(neededUntil(tempo, needed)).toBe(neededUntil(tempo, { ...needed, deadlineAtMs: nowMs + 660_000 }));
  });
});

describe('the name of a key with a time', () => {
  it('says its kind and its time, and so does the id of the key', () => {
    const time = { kind: 'none' as const, untilMs: 1_700_000_000_000 };
    const name = timedName('ab12', time);
    expect(isKeyName(name)).toBe(true);
    expect([timeOfKey(name), timeOfKey(`${name}.0a1b`)]).toEqual([time, time]);
    for (const other of ['ab12', 'ab12.0a1b', 'naming', 'sweep', erasedEntry(`${name}.0a1b`), erasedEntry('ab12.0a')]) {
      expect(timeOfKey(other)).toBeNull();
    }
  });
});

describe('content whose time is over', () => {
  const faultOf = (work: Promise<unknown>): Promise<unknown> => work.then(() => null, (error: unknown) => error);

  it('is not opened any more, whether its key is destroyed yet or not; the answer names the policy', async () => {
    let clockMs = 1_000;
    const keys = keysForSpecs(new InMemoryKeyStore(), { now: () => clockMs });
    const { id } = await keys.keyOf(timedName('s', { kind: 'hash', untilMs: 10_000 }));
    clockMs = 9_999;
    expect((await keys.keyOfContent({ key_id: id }))?.id).toBe(id);
    clockMs = 10_000;
    expect(await faultOf(keys.keyOfContent({ key_id: id }))).toMatchObject({
      code: 'content_not_kept', message: expect.stringContaining('content.policy: hash'),
    });
    expect(keys.size).toBe(0);
  });

  it('nobody asks for leaves memory, too', async () => {
    let clockMs = 1_000;
    const keys = keysForSpecs(new InMemoryKeyStore(), { now: () => clockMs });
    for (const untilMs of [10_000, 20_000]) await keys.keyOf(timedName('s', { kind: 'none', untilMs }));
    await keys.keyOf('s');
    clockMs = 10_000;
    keys.forgetPast();
    expect(keys.size).toBe(2);
  });

  it('and that was erased before says that it was erased', async () => {
    const store = new InMemoryKeyStore();
    const keys = keysForSpecs(store, { now: () => 20_000 });
    const id = `${timedName('s', { kind: 'kept', untilMs: 10_000 })}.0a`;
    expect(await faultOf(keys.keyOfContent({ key_id: id }))).toMatchObject({ code: 'content_not_kept' });
    await store.create(erasedEntry(id), '{}');
    expect(await faultOf(keys.keyOfContent({ key_id: id }))).toMatchObject({ code: 'content_erased' });
  });
});
