// Server-sent events as they leave, without a network.
import { describe, expect, it } from '@jest/globals';
import { LiveStreams } from './live-streams';
import { ScriptedResponse } from './scripted-response';
import { bufferedBytesMax, SseWriter } from './sse-writer';

function start() {
  const raw = new ScriptedResponse();
  const live = new LiveStreams();
  return { raw, live, writer: new SseWriter(raw.asReply(), live) };
}

describe('a stream', () => {
  it('sends nothing before it is opened, and gathers the events of one tick', async () => {
    const { raw, writer } = start();
    expect(raw.status).toBeNull();
    writer.open({});
    writer.write({ event: null, data: 'a' }, 'att_1:0');
    writer.write({ event: 'ping', data: 'b' }, null);
    await Promise.resolve();
    expect(raw.status).toBe(200);
    expect(raw.written).toEqual(['id: att_1:0\ndata: a\n\nevent: ping\ndata: b\n\n']);
  });

  it('is full when its client does not read, and says when that is over', async () => {
    const { raw, writer } = start();
    writer.open({});
    expect(writer.full).toBe(false);
    raw.writableLength = bufferedBytesMax + 1;
    raw.writableNeedDrain = true;
    expect(writer.full).toBe(true);
    const drained = new Promise<void>((resolve) => writer.onDrained(resolve));
    writer.keepAwake();
    raw.writableLength = 0;
    raw.emit('drain');
    await drained;
    expect(writer.full).toBe(false);
    expect(raw.written).toEqual([]);
  });

  it('is kept awake while open and left alone after its end', async () => {
    const { raw, live, writer } = start();
    writer.open({});
    writer.keepAwake();
    await Promise.resolve();
    expect(raw.written).toEqual([': waiting\n\n']);
    writer.end();
    writer.write({ event: null, data: 'late' }, null);
    await Promise.resolve();
    expect(raw.ended).toBe(true);
    expect(raw.written).toHaveLength(1);
    expect(live.size).toBe(0);
  });
});
