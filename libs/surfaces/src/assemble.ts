// Streams and complete answers of either kind: chunks put together, and the reverse.
import {
  addMessageEvent, type MessageAssembly, messageOf, newMessageAssembly,
} from './anthropic/assemble';
import { isContentEvent } from './anthropic/stream';
import { messageToEvents } from './anthropic/unstream';
import { type JsonObject } from './json';
import {
  addChunk, type CompletionAssembly, completionOf, hasFinished, newCompletionAssembly,
} from './openai/assemble';
import { isContentChunk } from './openai/stream';
import { completionToEvents } from './openai/unstream';
import { type Surface, type SurfaceEvent } from './surface';

export type Assembly =
  | { readonly kind: 'openai'; readonly completion: CompletionAssembly }
  | { readonly kind: 'anthropic'; readonly message: MessageAssembly };

export function newAssembly(kind: Surface): Assembly {
  switch (kind) {
    case 'openai':
      return { kind, completion: newCompletionAssembly() };
    case 'anthropic':
      return { kind, message: newMessageAssembly() };
  }
}

/** Takes one parsed event of the stream. The assembly grows in place. */
export function step(assembly: Assembly, event: JsonObject): void {
  if (assembly.kind === 'openai') addChunk(assembly.completion, event);
  else addMessageEvent(assembly.message, event);
}

/** The complete response as far as it has come. */
export function assembled(assembly: Assembly): JsonObject {
  return assembly.kind === 'openai'
    ? completionOf(assembly.completion)
    : messageOf(assembly.message);
}

/** Usage as the stream last said it, in the provider's own shape. */
export function assembledUsage(assembly: Assembly): unknown {
  return assembly.kind === 'openai' ? assembly.completion.usage : assembly.message.usage;
}

/** All that the model had to say has come, whether or not the terminator has. */
export function isAnswerComplete(assembly: Assembly): boolean {
  return assembly.kind === 'openai'
    ? hasFinished(assembly.completion) && assembly.completion.usage !== undefined
    : assembly.message.isStopped;
}

export function isContent(kind: Surface, event: JsonObject): boolean {
  return kind === 'openai' ? isContentChunk(event) : isContentEvent(event);
}

/** A complete response as the stream that would have carried it. */
export function unstream(
  surface: Surface, response: JsonObject, options: { readonly includeUsage: boolean },
): SurfaceEvent[] {
  return surface === 'openai'
    ? completionToEvents(response, options)
    : messageToEvents(response);
}
