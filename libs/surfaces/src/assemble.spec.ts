import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { describe, expect, test } from '@jest/globals';
import { assembled, newAssembly, step, unstream } from './assemble';
import { type JsonObject } from './json';
import { writeSse } from './sse';
import { type Surface, type SurfaceEvent } from './surface';
import { newStreamTranslation, endStream, stepStream } from './translate/stream';
import { translateResponse } from './translate/translate';

/** A small seeded generator (mulberry32): a failing seed can be run again. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Draw = () => number;

const words = (draw: Draw): string => (
  Array.from({ length: 1 + Math.floor(draw() * 5) }, () => ['ä', '😀', '"', '\n', 'ok'][
    Math.floor(draw() * 5)
  ]).join(' ')
);

function completion(draw: Draw): JsonObject {
  const choice = (index: number): JsonObject => {
    const calls = Array.from({ length: Math.floor(draw() * 3) }, (_, at) => ({
      id: `call_${index}_${at}`, type: 'function',
      function: { name: 'look', arguments: JSON.stringify({ at: words(draw) }) },
    }));
    const content = calls.length > 0 && draw() < 0.5 ? null : words(draw);
    return {
      index,
      message: {
        role: 'assistant', content, refusal: draw() < 0.2 ? words(draw) : null,
        ...(draw() < 0.3 ? { reasoning_content: words(draw) } : {}),
        ...(calls.length > 0 ? { tool_calls: calls } : {}),
      },
      logprobs: draw() < 0.3 && content !== null
        ? { content: [{ token: 'a', logprob: -0.1, bytes: [97], top_logprobs: [] }], refusal: null }
        : null,
      finish_reason: calls.length > 0 ? 'tool_calls' : 'stop',
    };
  };
  return {
    id: 'chatcmpl-1', object: 'chat.completion', created: 1_700_000_000, model: 'gpt-4o',
    service_tier: 'default', system_fingerprint: 'fp',
    choices: Array.from({ length: 1 + Math.floor(draw() * 3) }, (_, index) => choice(index)),
    usage: { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 },
  };
}

function message(draw: Draw): JsonObject {
  const block = (index: number): JsonObject => {
    const kind = draw();
    if (kind < 0.3) return { type: 'text', text: words(draw), citations: null };
    if (kind < 0.4) return { type: 'text', text: '', citations: [{ type: 'char_location' }] };
    if (kind < 0.6) return { type: 'thinking', thinking: words(draw), signature: 'c2ln+/=' };
    if (kind < 0.7) return { type: 'redacted_thinking', data: 'AAAA' };
    const input = kind < 0.8 ? {} : { at: words(draw), deep: [{ n: 1.5 }] };
    return { type: 'tool_use', id: `toolu_${index}`, name: 'look', input };
  };
  return {
    id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-sonnet-4-5',
    content: Array.from({ length: 1 + Math.floor(draw() * 5) }, (_, index) => block(index)),
    stop_reason: 'end_turn', stop_sequence: null, stop_details: null, container: null,
    usage: { input_tokens: 5, output_tokens: 7, cache_read_input_tokens: null },
  };
}

function assemble(kind: Surface, events: readonly SurfaceEvent[]): JsonObject {
  const assembly = newAssembly(kind);
  for (const { data } of events) {
    if (data !== '[DONE]') step(assembly, JSON.parse(data) as JsonObject);
  }
  return assembled(assembly);
}

const seeds = Array.from({ length: 200 }, (_, seed) => seed);

describe('an answer that is streamed again', () => {
  test('is the same answer when put together (chat completions)', () => {
    for (const seed of seeds) {
      const answer = completion(random(seed));
      const again = assemble('openai', unstream('openai', answer, { includeUsage: true }));
      expect({ seed, answer: again }).toEqual({ seed, answer });
    }
  });

  test('is the same answer when put together (messages)', () => {
    for (const seed of seeds) {
      const answer = message(random(seed));
      const again = assemble('anthropic', unstream('anthropic', answer, { includeUsage: true }));
      expect({ seed, answer: again }).toEqual({ seed, answer });
    }
  });

  test('is the same answer when put together (plain completions)', () => {
    const answer = {
      id: 'cmpl-1', object: 'text_completion', created: 5, model: 'm',
      choices: [{ index: 0, text: 'Hi', logprobs: null, finish_reason: 'stop' }],
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
    };
    expect(assemble('openai', unstream('openai', answer, { includeUsage: true }))).toEqual(answer);
  });
});

describe('a stream of the other kind of provider', () => {
  test('says the same as the complete answer translated', () => {
    for (const seed of seeds) {
      const draw = random(seed);
      const answer = message(draw);
      const translation = newStreamTranslation('anthropic', 'openai', {
        createdS: 5, includeUsage: true,
      })!;
      const events = unstream('anthropic', answer, { includeUsage: true })
        .flatMap(({ data }) => stepStream(translation, JSON.parse(data) as JsonObject));
      const whole = translateResponse('/v1/chat/completions', answer, 5);
      expect({ seed, answer: normal(assemble('openai', events)) })
        .toEqual({ seed, answer: normal(whole) });
    }
  });

  test('says the same as the complete answer translated, the other way round', () => {
    for (const seed of seeds) {
      const answer = completion(random(seed));
      const translation = newStreamTranslation('openai', 'anthropic', {
        createdS: 0, includeUsage: true,
      })!;
      // Anthropic knows one choice.
      const one = { ...answer, choices: (answer.choices as unknown[]).slice(0, 1) };
      const events = unstream('openai', one, { includeUsage: true })
        .flatMap(({ data }) => (data === '[DONE]'
          ? endStream(translation) : stepStream(translation, JSON.parse(data) as JsonObject)));
      const whole = translateResponse('/v1/messages', one, 0);
      expect({ seed, text: plain(assemble('anthropic', events)) })
        .toEqual({ seed, text: plain(whole) });
    }
  });
});

/** A stream cannot take back the empty text that it opened with. */
function normal(answer: JsonObject): unknown {
  return JSON.parse(JSON.stringify(answer).replace('"content":""', '"content":null'));
}

/** A refusal beside text is one text in a stream and may follow it. */
function plain(answer: JsonObject): unknown {
  const blocks = (answer.content as JsonObject[]).filter((block) => block.type !== 'text');
  return { ...answer, content: blocks };
}

function fetchOf(events: readonly SurfaceEvent[]): typeof fetch {
  return () => Promise.resolve(new Response(events.map(writeSse).join(''), {
    headers: { 'content-type': 'text/event-stream' },
  }));
}

describe('the official SDK reads a translated stream', () => {
  test("(Anthropic's) to the message that was meant", async () => {
    const answer = completion(random(3));
    const one = { ...answer, choices: (answer.choices as unknown[]).slice(0, 1) };
    const translation = newStreamTranslation('openai', 'anthropic', {
      createdS: 0, includeUsage: true,
    })!;
    const events = unstream('openai', one, { includeUsage: true })
      .flatMap(({ data }) => (data === '[DONE]'
        ? endStream(translation) : stepStream(translation, JSON.parse(data) as JsonObject)));
    const client = new Anthropic({ apiKey: 'k', fetch: fetchOf(events) });
    const read = await client.messages.stream({
      model: 'm', max_tokens: 5, messages: [{ role: 'user', content: 'Hi' }],
    }).finalMessage();
    const whole = translateResponse('/v1/messages', one, 0);
    expect(read.content).toMatchObject(whole.content as object[]);
    expect(read.stop_reason).toBe(whole.stop_reason);
    expect(read.usage.output_tokens).toBe(7);
    expect(read.usage.input_tokens).toBe(5);
  });

  test("(OpenAI's) to the completion that was meant", async () => {
    const answer = message(random(5));
    const translation = newStreamTranslation('anthropic', 'openai', {
      createdS: 5, includeUsage: true,
    })!;
    const events = unstream('anthropic', answer, { includeUsage: true })
      .flatMap(({ data }) => stepStream(translation, JSON.parse(data) as JsonObject));
    const client = new OpenAI({ apiKey: 'k', fetch: fetchOf(events) });
    const read = await client.chat.completions.stream({
      model: 'm', messages: [{ role: 'user', content: 'Hi' }],
      stream_options: { include_usage: true },
    }).finalChatCompletion();
    const whole = translateResponse('/v1/chat/completions', answer, 5);
    const [choice] = whole.choices as { message: JsonObject; finish_reason: string }[];
    expect(read.choices[0]?.message.content ?? '').toBe(choice?.message.content ?? '');
    expect(read.choices[0]?.finish_reason).toBe(choice?.finish_reason);
    expect(read.usage).toEqual(whole.usage);
  });
});
