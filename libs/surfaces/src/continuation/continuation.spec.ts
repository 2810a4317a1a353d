// Rules of joining an answer's beginning with what another attempt says behind it.
import { describe, expect, test } from '@jest/globals';
import { unstream } from '../assemble';
import { type JsonObject } from '../json';
import { type Surface, type SurfaceEvent } from '../surface';
import { answerSoFar, type BegunAnswer, begunAnswer, wholeAnswer } from './answer-so-far';
import { type ContinuedStream, continuedStream, stepContinued } from './continued-stream';
import { mayBeContinued } from './may-continue';
import { newIn, repeatedText } from './repeated-text';

const chat = (content: string, more: JsonObject = {}): JsonObject => ({
  id: 'chatcmpl-2', object: 'chat.completion', created: 7, model: 'm2',
  choices: [{ index: 0, message: { role: 'assistant', content, refusal: null }, logprobs: null, finish_reason: 'stop', ...more }],
  usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
});
const message = (content: JsonObject[]): JsonObject => ({
  id: 'msg_2', type: 'message', role: 'assistant', model: 'm2', content, stop_reason: 'end_turn',
  stop_sequence: null, usage: { input_tokens: 1, output_tokens: 2 },
});
const text = (value: string): JsonObject => ({ type: 'text', text: value });
const parsed = (events: readonly SurfaceEvent[]): JsonObject[] =>
  events.filter(({ data }) => data !== '[DONE]').map(({ data }) => JSON.parse(data) as JsonObject);

/** The events of an answer up to and with the first that says something. */
function cut(surface: Surface, answer: JsonObject): SurfaceEvent[] {
  const events = unstream(surface, answer, { includeUsage: false });
  return events.slice(0, surface === 'openai' ? 2 : 3);
}

const begunChat = answerSoFar('openai', null, cut('openai', { ...chat('The sea '), id: 'chatcmpl-1', created: 5 }))!;
const begunMessage = answerSoFar('anthropic', null, cut('anthropic', { ...message([text('The sea ')]), id: 'msg_1' }))!;

function going(surface: Surface, begun: BegunAnswer, echoes = false, trimmed = true): ContinuedStream {
  return continuedStream(surface, begun, repeatedText(begun.text, { echoes, trimmed }));
}

describe('the answer so far', () => {
  test('is what the events said, without an end', () => {
    expect(begunChat.text).toBe('The sea ');
    expect(begunChat.answer).toMatchObject({ id: 'chatcmpl-1', choices: [{ finish_reason: null }] });
    expect(begunMessage.text).toBe('The sea ');
    expect(begunMessage.answer).toMatchObject({ id: 'msg_1', stop_reason: null });
  });

  test.each([['openai', begunChat], ['anthropic', begunMessage]] as const)(
    'grows behind what was kept of it (%s)', (surface, begun) => {
      const delta = surface === 'openai'
        ? { choices: [{ index: 0, delta: { content: 'is' } }] }
        : { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'is' } };
      const more = answerSoFar(surface, begun.answer, [{ event: null, data: JSON.stringify(delta) }]);
      expect(more?.text).toBe('The sea is');
      expect(more?.answer.id).toBe(begun.answer.id);
    });

  test('cannot be gone on with when it is more than text, has ended, or is nothing', () => {
    const call = { tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }] };
    const chunk = (delta: JsonObject, end: JsonObject = {}): SurfaceEvent => ({
      event: null, data: JSON.stringify({ choices: [{ index: 0, delta, ...end }] }),
    });
    expect(answerSoFar('openai', null, [chunk({ content: 'a' }), chunk(call)])).toBeNull();
    expect(answerSoFar('openai', null, [chunk({ content: 'a', reasoning_content: 'hm' })])).toBeNull();
    expect(answerSoFar('openai', null, [chunk({ content: 'a' }, { finish_reason: 'stop' })])).toBeNull();
    expect(answerSoFar('openai', null, [chunk({ content: ' ' })])).toBeNull();
    const second = { event: null, data: JSON.stringify({ choices: [{ index: 1, delta: { content: 'b' } }] }) };
    expect(answerSoFar('openai', null, [chunk({ content: 'a' }), second])).toBeNull();
    const events = unstream('anthropic', message([text('a')]), { includeUsage: false });
    expect(answerSoFar('anthropic', null, events)).toBeNull();
    expect(answerSoFar('anthropic', null, events.slice(0, 4))).toBeNull();
    const tool = message([text('a'), { type: 'tool_use', id: 't', name: 'f', input: {} }]);
    expect(begunAnswer('anthropic', { ...tool, stop_reason: null })).toBeNull();
  });

  test('with what followed is one answer, under its first id', () => {
    expect(wholeAnswer('openai', begunChat.answer, chat('is blue.'), 'The sea is blue.')).toEqual({
      ...chat('The sea is blue.'), id: 'chatcmpl-1', created: 5,
    });
    const tool = { type: 'tool_use', id: 't', name: 'f', input: {} };
    const whole = wholeAnswer('anthropic', begunMessage.answer, message([text('is'), tool]), 'The sea is');
    expect(whole).toMatchObject({ id: 'msg_1', content: [text('The sea is'), tool], stop_reason: 'end_turn' });
  });
});

describe('a continued chat stream', () => {
  test('has one role, one id, and each text once', () => {
    const state = going('openai', begunChat);
    const all = unstream('openai', chat(' is blue.'), { includeUsage: true })
      .flatMap((event) => stepContinued(state, event));
    const [said, end, usage] = parsed(all);
    expect(said).toMatchObject({ id: 'chatcmpl-1', created: 5, choices: [{ delta: { content: 'is blue.' } }] });
    expect(JSON.stringify(said)).not.toContain('role');
    expect(end).toMatchObject({ choices: [{ finish_reason: 'stop', delta: {} }] });
    expect(usage).toMatchObject({ id: 'chatcmpl-1', choices: [], usage: { total_tokens: 3 } });
    expect(all.at(-1)?.data).toBe('[DONE]');
    expect(state.text).toBe('The sea is blue.');
  });

  test('may end at once', () => {
    const state = going('openai', begunChat);
    const events = unstream('openai', chat(''), { includeUsage: false }).flatMap((event) => stepContinued(state, event));
    expect(parsed(events)).toMatchObject([{ choices: [{ finish_reason: 'stop' }] }]);
    expect(state.text).toBe('The sea ');
  });

  test('may call tools behind its text', () => {
    const state = going('openai', begunChat);
    const tools = { index: 0, delta: { tool_calls: [{ index: 0, id: 'c' }] }, finish_reason: null };
    const event = { event: null, data: JSON.stringify({ choices: [tools] }) };
    expect(parsed(stepContinued(state, event))).toMatchObject([{ choices: [tools] }]);
  });
});

describe('a continued message stream', () => {
  const run = (content: JsonObject[]): { names: unknown[]; text: string } => {
    const state = going('anthropic', begunMessage);
    const events = unstream('anthropic', message(content), { includeUsage: false })
      .flatMap((event) => stepContinued(state, event));
    return { names: parsed(events).map(({ type, index }) => [type, index]), text: state.text };
  };
  const end = [['message_delta', undefined], ['message_stop', undefined]];

  test('goes on in the block that the client has open', () => {
    expect(run([text('is blue.')])).toEqual({
      names: [['content_block_delta', 0], ['content_block_stop', 0], ...end], text: 'The sea is blue.',
    });
  });

  test('has further blocks behind it', () => {
    const tool = { type: 'tool_use', id: 't', name: 'f', input: { a: 1 } };
    const rest = [['content_block_start', 1], ['content_block_delta', 1], ['content_block_stop', 1], ...end];
    expect(run([text('is'), tool]).names)
      .toEqual([['content_block_delta', 0], ['content_block_stop', 0], ...rest]);
    // Without any text the client's block ends, and the others move behind it.
    expect(run([tool]).names).toEqual([['content_block_stop', 0], ...rest]);
  });

  test('closes the block when there is nothing to add', () => {
    expect(run([])).toEqual({ names: [['content_block_stop', 0], ...end], text: 'The sea ' });
  });

  test('leaves out pings before its beginning', () => {
    const state = going('anthropic', begunMessage);
    expect(stepContinued(state, { event: 'ping', data: '{"type":"ping"}' })).toEqual([]);
  });
});

describe('text that is said once more', () => {
  const heard = (given: string, how: { echoes: boolean; trimmed: boolean }, pieces: readonly string[]): string => {
    const state = repeatedText(given, how);
    return pieces.map((piece) => newIn(state, piece)).join('');
  };
  const echoes = { echoes: true, trimmed: false };

  test('is left out as a whole, however it is cut', () => {
    expect(heard('One two', echoes, ['One', ' tw', 'o three'])).toBe(' three');
    expect(heard('One two ', echoes, ['One two', ' ', 'three'])).toBe('three');
    expect(heard('One two', echoes, ['One two'])).toBe('');
  });

  test('is kept when it only begins alike', () => {
    expect(heard('One two', echoes, ['One', ' four'])).toBe('One four');
    expect(heard('One two', echoes, [' three'])).toBe(' three');
  });

  test('is given in full at the end when it was no echo', () => {
    const state = continuedStream('openai', begunChat, repeatedText(begunChat.text, echoes));
    const chunks = unstream('openai', chat('The'), { includeUsage: false });
    const all = chunks.flatMap((event) => stepContinued(state, event));
    expect(parsed(all)).toMatchObject([{ choices: [{ delta: { content: 'The' }, finish_reason: 'stop' }] }]);
  });

  test('of white space is left out as far as it was left out of what the provider got', () => {
    const trimmed = { echoes: false, trimmed: true };
    expect(heard('sea ', trimmed, [' is'])).toBe('is');
    expect(heard('sea ', trimmed, ['is'])).toBe('is');
    expect(heard('end.\n', trimmed, ['\n', '\nNext'])).toBe('\nNext');
    expect(heard('sea', trimmed, [' is'])).toBe(' is');
    expect(heard('sea ', { echoes: false, trimmed: false }, [' is'])).toBe(' is');
  });
});

describe('a request', () => {
  const asks = (more: JsonObject): boolean => mayBeContinued('/v1/chat/completions', { messages: [{ role: 'user', content: 'q' }], ...more });

  test('for plain text may be continued, also one that offers tools', () => {
    expect(asks({})).toBe(true);
    expect(asks({ tools: [{}], n: 1, response_format: { type: 'text' }, reasoning_effort: 'none' })).toBe(true);
    expect(asks({ thinking: { type: 'disabled' } })).toBe(true);
  });

  test.each([
    { n: 2 }, { response_format: { type: 'json_object' } }, { reasoning_effort: 'low' }, { logprobs: true },
    { thinking: { type: 'adaptive' } }, { output_config: { format: {} } }, { guided_json: {} },
    { messages: [{ role: 'user', content: 'q' }, { role: 'assistant', content: 'begun' }] },
  ])('with %j may not', (more) => {
    expect(asks(more)).toBe(false);
  });

  test('of another endpoint may not', () => {
    expect(mayBeContinued('/v1/completions', { prompt: 'q' })).toBe(false);
  });
});
