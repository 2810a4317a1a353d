// Puts the events of a streamed message together to the response that would have come without
// streaming. The assembly is its caller's and grows in place, as the one for completions.
import { isObject, type JsonObject, objectOf, parseJson, textOf } from '../json';

export interface MessageAssembly {
  message: JsonObject | null;
  readonly content: JsonObject[];
  /** The JSON text of tool inputs that are still being written, by block. */
  readonly inputs: Map<number, string>;
  usage: JsonObject;
  isStopped: boolean;
}

export function newMessageAssembly(): MessageAssembly {
  return { message: null, content: [], inputs: new Map(), usage: {}, isStopped: false };
}

export function addMessageEvent(assembly: MessageAssembly, event: JsonObject): void {
  switch (event.type) {
    case 'message_start':
      assembly.message = { ...objectOf(event.message) };
      assembly.usage = { ...objectOf(assembly.message.usage) };
      break;
    case 'content_block_start':
      assembly.content[indexOf(event)] = { ...objectOf(event.content_block) };
      break;
    case 'content_block_delta':
      addDelta(assembly, indexOf(event), objectOf(event.delta));
      break;
    case 'content_block_stop':
      closeInput(assembly, indexOf(event));
      break;
    case 'message_delta':
      addMessageDelta(assembly, event);
      break;
    case 'message_stop':
      assembly.isStopped = true;
      break;
    // `ping`, and events that are not known yet.
    default:
  }
}

export function messageOf(assembly: MessageAssembly): JsonObject {
  for (const index of [...assembly.inputs.keys()]) closeInput(assembly, index);
  return {
    ...assembly.message,
    content: assembly.content.filter(isObject),
    usage: assembly.usage,
  };
}

function indexOf(event: JsonObject): number {
  return typeof event.index === 'number' ? event.index : 0;
}

function addDelta(assembly: MessageAssembly, index: number, delta: JsonObject): void {
  const block = assembly.content[index];
  if (block === undefined) return;
  switch (delta.type) {
    case 'text_delta':
      block.text = textOf(block.text) + textOf(delta.text);
      break;
    case 'thinking_delta':
      block.thinking = textOf(block.thinking) + textOf(delta.thinking);
      break;
    case 'signature_delta':
      block.signature = delta.signature;
      break;
    case 'input_json_delta':
      assembly.inputs.set(
        index, (assembly.inputs.get(index) ?? '') + textOf(delta.partial_json),
      );
      break;
    case 'citations_delta':
      block.citations = [
        ...(Array.isArray(block.citations) ? block.citations as unknown[] : []), delta.citation,
      ];
      break;
    default:
  }
}

function closeInput(assembly: MessageAssembly, index: number): void {
  const text = assembly.inputs.get(index);
  const block = assembly.content[index];
  assembly.inputs.delete(index);
  if (text === undefined || block === undefined || text === '') return;
  block.input = parseJson(text) ?? {};
}

/** Usage in `message_delta` is cumulative; null there means “as said before”. */
function addMessageDelta(assembly: MessageAssembly, event: JsonObject): void {
  assembly.message = { ...assembly.message, ...objectOf(event.delta) };
  for (const [key, value] of Object.entries(objectOf(event.usage))) {
    if (value !== null || !Object.hasOwn(assembly.usage, key)) assembly.usage[key] = value;
  }
}
