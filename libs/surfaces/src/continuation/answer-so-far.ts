// What a client has of an answer whose stream broke, as the answer would have come without
// streaming; and that answer put together with what went on from there.
import { assembled, newAssembly, step } from '../assemble';
import { isGiven, isObject, type JsonObject, listOf, objectOf, objectsOf, parseJson, textOf }
  from '../json';
import { type Surface, type SurfaceEvent } from '../surface';

/** An answer of which only text has come. */
export interface BegunAnswer {
  readonly answer: JsonObject;
  readonly text: string;
}

/**
 * From the events that the client has got, behind `earlier` where that was gone on with already.
 * null: it is more than plain text, or has come to its end, and cannot be gone on with.
 */
export function answerSoFar(
  surface: Surface, earlier: JsonObject | null, events: readonly SurfaceEvent[],
): BegunAnswer | null {
  const assembly = newAssembly(surface);
  for (const event of earlier === null ? [] : openingOf(surface, earlier)) step(assembly, event);
  for (const { data } of events) {
    const json = parseJson(data);
    if (!isObject(json) || json.type === 'content_block_stop') return null;
    step(assembly, json);
  }
  return begunAnswer(surface, assembled(assembly));
}

/** The same of an answer as it was kept. */
export function begunAnswer(surface: Surface, answer: JsonObject): BegunAnswer | null {
  const text = surface === 'openai' ? plainChat(answer) : plainMessage(answer);
  return text === null || text.trim() === '' ? null : { answer, text };
}

/** `text`: all of it; `last`: the answer of the attempt that ended it. */
export function wholeAnswer(
  surface: Surface, begun: JsonObject, last: JsonObject, text: string,
): JsonObject {
  const names = { id: begun.id ?? last.id };
  if (surface === 'anthropic') {
    const blocks = objectsOf(last.content);
    const rest = blocks[0]?.type === 'text' ? blocks.slice(1) : blocks;
    return { ...last, ...names, content: [{ ...firstBlock(begun), text }, ...rest] };
  }
  const [first, ...others] = objectsOf(last.choices);
  const message = { ...objectOf(first?.message), content: text };
  const choices = [{ ...first, index: 0, message }, ...others];
  return { ...last, ...names, created: begun.created ?? last.created, choices };
}

/** The events that lead to where `earlier` stands. */
function openingOf(surface: Surface, earlier: JsonObject): JsonObject[] {
  if (surface === 'anthropic') {
    return [
      { type: 'message_start', message: { ...earlier, content: [] } },
      { type: 'content_block_start', index: 0, content_block: firstBlock(earlier) },
    ];
  }
  const message = objectOf(objectOf(objectsOf(earlier.choices)[0]).message);
  return [{ ...earlier, usage: null, choices: [{ index: 0, delta: { ...message } }] }];
}

function firstBlock(message: JsonObject): JsonObject {
  return objectOf(objectsOf(message.content)[0]);
}

/** The text of a chat completion that says nothing but text and has not ended; else null. */
function plainChat(completion: JsonObject): string | null {
  const choices = objectsOf(completion.choices);
  const [choice] = choices;
  if (choice === undefined || choices.length > 1 || isGiven(choice.finish_reason)) return null;
  if (choice.index !== 0) return null;
  const message = objectOf(choice.message);
  const more = Object.entries(message).filter(([key]) => key !== 'role' && key !== 'content');
  if (more.some(([, value]) => saysSomething(value))) return null;
  return typeof message.content === 'string' ? message.content : null;
}

function plainMessage(message: JsonObject): string | null {
  const blocks = listOf(message.content);
  const block = firstBlock(message);
  if (blocks.length !== 1 || block.type !== 'text' || isGiven(message.stop_reason)) return null;
  return saysSomething(block.citations) ? null : textOf(block.text);
}

function saysSomething(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return isGiven(value) && value !== '';
}
