// Puts the chunks of a streamed chat completion (or plain completion) together to the response that
// would have come without streaming. The assembly is its caller's and grows in place: copying it
// for every token would cost more than all else on the path.
import { isObject, type JsonObject, objectOf, objectsOf, textOf } from '../json';

export interface CompletionAssembly {
  readonly head: JsonObject;
  readonly choices: Map<number, ChoiceAssembly>;
  usage: unknown;
}

interface ChoiceAssembly {
  /** A plain completion has `text`, a chat completion a `message`. */
  readonly message: JsonObject;
  text: string | null;
  logprobs: JsonObject | null;
  finishReason: unknown;
  readonly rest: JsonObject;
}

export function newCompletionAssembly(): CompletionAssembly {
  return { head: {}, choices: new Map(), usage: undefined };
}

export function addChunk(assembly: CompletionAssembly, chunk: JsonObject): void {
  for (const key in chunk) {
    if (notInHead.has(key)) continue;
    // Azure's first chunk comes with an empty id and model.
    if (isEmpty(assembly.head[key])) assembly.head[key] = chunk[key];
  }
  if (isObject(chunk.usage)) assembly.usage = chunk.usage;
  for (const choice of objectsOf(chunk.choices)) addChoice(assembly, choice);
}

/** Every choice that began has ended. */
export function hasFinished(assembly: CompletionAssembly): boolean {
  if (assembly.choices.size === 0) return false;
  for (const choice of assembly.choices.values()) {
    if (isEmpty(choice.finishReason)) return false;
  }
  return true;
}

export function completionOf(assembly: CompletionAssembly): JsonObject {
  const object = textOf(assembly.head.object).replace(/\.chunk$/, '');
  const choices = [...assembly.choices].sort(([a], [b]) => a - b).map(choiceOf);
  return {
    ...assembly.head,
    object: object === '' ? 'chat.completion' : object,
    choices,
    ...(assembly.usage === undefined ? {} : { usage: assembly.usage }),
  };
}

/** `obfuscation` is padding against traffic analysis, worth nothing once assembled. */
const notInHead: ReadonlySet<string> = new Set(['choices', 'usage', 'obfuscation']);

const knownInChoice: ReadonlySet<string> = new Set([
  'index', 'delta', 'text', 'logprobs', 'finish_reason',
]);

function addChoice(assembly: CompletionAssembly, choice: JsonObject): void {
  const index = typeof choice.index === 'number' ? choice.index : 0;
  let into = assembly.choices.get(index);
  if (into === undefined) {
    into = { message: {}, text: null, logprobs: null, finishReason: null, rest: {} };
    assembly.choices.set(index, into);
  }
  if (typeof choice.text === 'string') into.text = (into.text ?? '') + choice.text;
  if (isObject(choice.delta)) mergeDelta(into.message, choice.delta);
  if (isObject(choice.logprobs)) into.logprobs = mergeLists(into.logprobs ?? {}, choice.logprobs);
  if (!isEmpty(choice.finish_reason)) into.finishReason = choice.finish_reason;
  for (const key in choice) if (!knownInChoice.has(key)) into.rest[key] = choice[key];
}

/** Texts grow, lists grow, what names something is set once. */
function mergeDelta(message: JsonObject, delta: JsonObject): void {
  for (const key in delta) {
    const value = delta[key];
    const before = message[key];
    if (key === 'tool_calls') addToolCalls(message, objectsOf(value));
    else if (before === undefined || before === null) message[key] = copyOf(value);
    else if (value === null || value === undefined) continue;
    else if (named.has(key) && before !== '') continue;
    else if (typeof value === 'string' && typeof before === 'string') message[key] = before + value;
    else if (Array.isArray(value) && Array.isArray(before)) before.push(...(value as unknown[]));
    else if (isObject(value) && isObject(before)) mergeDelta(before, value);
    else message[key] = value;
  }
}

const named: ReadonlySet<string> = new Set(['role', 'id', 'type', 'name', 'expires_at']);

function addToolCalls(message: JsonObject, deltas: JsonObject[]): void {
  if (deltas.length === 0) return;
  if (!Array.isArray(message.tool_calls)) message.tool_calls = [];
  const calls = message.tool_calls as JsonObject[];
  for (const delta of deltas) {
    const { index, ...rest } = delta;
    const call = callFor(calls, index, textOf(delta.id));
    mergeDelta(call, rest);
  }
}

/** Some servers leave out the index: a new id is then a new call, anything else the last one. */
function callFor(calls: JsonObject[], index: unknown, id: string): JsonObject {
  let at = calls.length - 1;
  if (typeof index === 'number' && index >= 0 && index <= calls.length) at = index;
  else if (at < 0 || (id !== '' && calls[at]?.id !== id)) at = calls.length;
  const call = calls[at] ?? {};
  calls[at] = call;
  return call;
}

function mergeLists(into: JsonObject, from: JsonObject): JsonObject {
  for (const key in from) {
    const value = from[key];
    const before = into[key];
    if (Array.isArray(before) && Array.isArray(value)) before.push(...(value as unknown[]));
    else if (before === undefined || before === null) into[key] = copyOf(value);
  }
  return into;
}

function choiceOf([index, choice]: [number, ChoiceAssembly]): JsonObject {
  const end = { logprobs: choice.logprobs, finish_reason: choice.finishReason, ...choice.rest };
  if (choice.text !== null) return { index, text: choice.text, ...end };
  const message = { role: 'assistant', content: null, refusal: null, ...choice.message };
  return { index, message, ...end };
}

/** One level is enough: what grows later are lists and the objects right inside a delta. */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return [...(value as unknown[])];
  return isObject(value) ? { ...objectOf(value) } : value;
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '' || value === 0;
}
