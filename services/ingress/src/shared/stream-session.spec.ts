// What one client gets of one job's stream, over signals in memory and a scripted response.
import { describe, expect, it } from '@jest/globals';
import { type AskDeltas } from '@libs/signals/ask-messages';
import { InMemorySignalBus, InMemorySignals } from '@libs/signals/in-memory-signals';
import { type DeltaReply } from '@libs/signals/reply-messages';
import { signalSubjects } from '@libs/signals/signals';
import { waitFor } from '@libs/test-kit/wait-for';
import { answerBody } from '../scripted-system';
import { LiveStreams } from './live-streams';
import { type Outcome } from './outcome';
import { pollDeltas } from './poll-deltas';
import { eventsOfResult } from './result-stream';
import { ScriptedResponse } from './scripted-response';
import { bufferedBytesMax, SseWriter } from './sse-writer';
import { StreamSession } from './stream-session';

const job = 'job_1';
const chunk = (content: string, finish: string | null = null): string => JSON.stringify({
  object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content }, finish_reason: finish }],
});
const usageChunk = JSON.stringify({ object: 'chat.completion.chunk', choices: [], usage: {} });
const deltas = [chunk('Hello'), chunk(' there'), chunk('', 'stop'), usageChunk, '[DONE]'];
const shape = { surface: 'openai', endpoint: '/v1/chat/completions', includeUsage: true } as const;

class Scene {
  readonly raw = new ScriptedResponse();
  readonly session: StreamSession;
  /** How many deltas of which attempt the worker has; null: nobody answers. */
  worker: { readonly attempt: string; readonly has: number; readonly base?: number } | null = null;
  readonly #bus = new InMemorySignalBus();

  constructor(from: { attempt: string; index: number } | null) {
    const worker = new InMemorySignals(this.#bus);
    worker.subscribe(signalSubjects.deltas(job), (text, _, respond) => {
      if (this.worker === null) return;
      const { attempt, has, base = 0 } = this.worker;
      const asked = JSON.parse(text) as AskDeltas;
      const first = Math.max(base, asked.attempt === attempt ? asked.from : 0);
      const rest = deltas.slice(first, has).map((data) => ({ event: null, data }));
      respond?.(JSON.stringify({ attempt, from: first, deltas: rest }));
    });
    const writer = new SseWriter(this.raw.asReply(), new LiveStreams());
    this.session = new StreamSession({
      ...shape, signals: new InMemorySignals(this.#bus), writer, from,
      job: () => job, headers: () => ({}),
    });
  }

  /** Follows by asking until the stream has ended; what is answered plainly instead, else null. */
  async follow(outcome: Outcome | null): Promise<unknown> {
    const stop = pollDeltas(this.session);
    if (outcome !== null) this.session.end(outcome);
    const plain = await this.session.done;
    stop();
    return plain;
  }

  /** What the client read. */
  events(): { ids: string[]; data: string[] } {
    const lines = this.raw.written.join('').split('\n');
    const field = (name: string) =>
      lines.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2));
    return { ids: field('id'), data: field('data') };
  }
}

function answered(attemptId: string, body = answerBody): Outcome {
  return {
    job, status: 'succeeded', httpStatus: 200, body, error: null, retryAfterS: null,
    provider: 'sim', model: 'small', attempts: 1, costPicoUsd: null, droppedParams: [], attemptId,
  };
}

function delta(attempt: string, index: number): DeltaReply {
  return { kind: 'delta', job, attempt, index, event: null, data: deltas[index]! };
}

const ofResult = eventsOfResult(shape, answerBody)!.map(({ data }) => data);

const isBroken = (data: readonly string[]): void => {
  expect(data).toHaveLength(1);
  expect(JSON.parse(data[0]!)).toMatchObject({ error: {
    code: 'stream_broken', job_id: job,
    message: expect.stringContaining(`/v1/jobs/${job}/result`),
  } });
};

describe('a stream that was made from the result, taken up again', () => {
  it('goes on after that place in the result, whatever a worker still has', async () => {
    const scene = new Scene({ attempt: 'result', index: 1 });
    scene.worker = { attempt: 'att_1', has: deltas.length };
    await scene.follow(answered('att_1'));
    expect(scene.events().data).toEqual(ofResult.slice(2));
    expect(scene.events().ids[0]).toBe('result:2');
  });

  it('after its last event has nothing more to say', async () => {
    const scene = new Scene({ attempt: 'result', index: ofResult.length - 1 });
    scene.worker = { attempt: 'att_1', has: deltas.length };
    await scene.follow(answered('att_1'));
    expect([scene.raw.status, scene.raw.ended, scene.events().data]).toEqual([200, true, []]);
  });
});

describe("an attempt's stream, taken up again after the job has settled", () => {
  it('goes on to its end while a worker keeps it', async () => {
    const scene = new Scene({ attempt: 'att_1', index: 0 });
    scene.worker = { attempt: 'att_1', has: deltas.length };
    await scene.follow(answered('att_1'));
    expect(scene.events().data).toEqual(deltas.slice(1));
    expect(scene.events().ids.at(-1)).toBe(`att_1:${deltas.length - 1}`);
  });

  it('after its last event has nothing more to say', async () => {
    const scene = new Scene({ attempt: 'att_1', index: deltas.length - 1 });
    scene.worker = { attempt: 'att_1', has: deltas.length };
    await scene.follow(answered('att_1'));
    expect([scene.raw.status, scene.raw.ended, scene.events().data]).toEqual([200, true, []]);
  });

  it('is broken when no worker keeps it: the result would begin anew', async () => {
    const scene = new Scene({ attempt: 'att_1', index: 0 });
    await scene.follow(answered('att_1'));
    isBroken(scene.events().data);
  }, 10_000);

  it('is broken when another attempt answered', async () => {
    const scene = new Scene({ attempt: 'att_1', index: 0 });
    await scene.follow(answered('att_2'));
    isBroken(scene.events().data);
  }, 10_000);
});

describe("an attempt's stream, taken up again while another attempt runs", () => {
  it('is broken at once', async () => {
    const scene = new Scene({ attempt: 'att_1', index: 0 });
    scene.worker = { attempt: 'att_2', has: 2 };
    await scene.follow(null);
    isBroken(scene.events().data);
  });

  it('is broken as soon as that attempt has something to say', async () => {
    const scene = new Scene({ attempt: 'att_1', index: 0 });
    scene.session.accept(delta('att_2', 0));
    expect(await scene.session.done).toBeNull();
    isBroken(scene.events().data);
  });

  it('goes on when that attempt is an earlier one, whose worker was paused', async () => {
    const scene = new Scene({ attempt: 'att_2', index: 0 });
    scene.session.accept(delta('att_1', 1));
    expect(scene.raw.status).toBeNull();
    for (const index of [1, 2, 3, 4]) scene.session.accept(delta('att_2', index));
    scene.session.end(answered('att_2'));
    expect(await scene.session.done).toBeNull();
    expect(scene.events().data).toEqual(deltas.slice(1));
  });

  it('is broken when its own attempt is said to be', async () => {
    const scene = new Scene({ attempt: 'att_1', index: 0 });
    scene.session.broken({
      kind: 'broken', job, attempt: 'att_1', error: { class: 'stalled', message: 'Silence.' },
    });
    expect(await scene.session.done).toBeNull();
    expect(scene.events().data[0]).toContain('stalled');
  });
});

describe('a stream that another worker goes on with', () => {
  it('goes on where the client stands', async () => {
    const scene = new Scene({ attempt: 'att_1', index: 1 });
    scene.worker = { attempt: 'att_1', has: deltas.length, base: 2 };
    await scene.follow(answered('att_1'));
    expect(scene.events().data).toEqual(deltas.slice(2));
  });

  it('is broken at once for a client that misses what the first worker had', async () => {
    const scene = new Scene({ attempt: 'att_1', index: 0 });
    scene.worker = { attempt: 'att_1', has: 4, base: 3 };
    await scene.follow(null);
    isBroken(scene.events().data);
  });

  it('is given from the result to one who comes late and has nothing of it', async () => {
    const scene = new Scene(null);
    scene.worker = { attempt: 'att_1', has: 4, base: 3 };
    const following = scene.follow(null);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(scene.events().data).toEqual([]);
    scene.session.end(answered('att_1'));
    await following;
    expect(scene.events().data).toEqual(ofResult);
  });
});

describe('a stream made from the result', () => {
  it('is sent once and whole to a client that reads slowly', async () => {
    const body = JSON.stringify({
      object: 'chat.completion', usage: {},
      choices: [{
        index: 0, finish_reason: 'stop',
        message: { role: 'assistant', content: 'x'.repeat(bufferedBytesMax + 1) },
      }],
    });
    const scene = new Scene(null);
    scene.raw.writableNeedDrain = true;
    scene.worker = { attempt: 'att_1', has: 0 };
    const following = scene.follow(null);
    await new Promise((resolve) => setTimeout(resolve, 50));
    scene.session.end(answered('att_1', body));
    // While the client does not read, the worker turns out to have the attempt's own stream.
    scene.worker = { attempt: 'att_1', has: deltas.length };
    await new Promise((resolve) => setTimeout(resolve, 400));
    scene.raw.writableNeedDrain = false;
    scene.raw.emit('drain');
    await following;
    expect(scene.events().data).toEqual(eventsOfResult(shape, body)!.map(({ data }) => data));
  }, 10_000);
});

describe('a stream that is followed by asking', () => {
  it('begins soon after its attempt does, also when it was asked for before', async () => {
    const scene = new Scene(null);
    const following = scene.follow(null);
    await new Promise((resolve) => setTimeout(resolve, 20));
    scene.worker = { attempt: 'att_1', has: deltas.length };
    // Twelve times as long as it is asked for again.
    await waitFor(() => scene.events().data.length === deltas.length, { timeoutMs: 3_000 });
    expect(scene.events().data).toEqual(deltas);
    scene.session.end(answered('att_1'));
    await following;
  });

  it('has its last chunk also when the job settles between two questions', async () => {
    const scene = new Scene(null);
    scene.worker = { attempt: 'att_1', has: 3 };
    const following = scene.follow(null);
    await waitFor(() => scene.events().data.length === 3);
    expect(scene.events().data).toEqual(deltas.slice(0, 3));
    scene.worker = { attempt: 'att_1', has: deltas.length };
    scene.session.end(answered('att_1'));
    await following;
    expect(scene.events().data).toEqual(deltas);
  });
});
