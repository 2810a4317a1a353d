// The door to all translations: which one fits a client's endpoint and a provider's kind.
import { type JsonObject } from '../json';
import { type Endpoint, type ProviderKind, surfaceOf } from '../surface';
import { chatToMessages } from './chat-to-messages';
import { completionToMessage } from './completion-to-message';
import { messageToCompletion } from './message-to-completion';
import { messagesToChat } from './messages-to-chat';
import { type Translation } from './translation';

export interface TranslatedRequest extends Translation {
  /** Where the provider takes it. */
  readonly endpoint: Endpoint;
}

/** null: this endpoint has no counterpart at that kind (`canServe` says so before). */
export function translateRequest(
  request: { readonly endpoint: Endpoint; readonly body: JsonObject },
  target: { readonly kind: ProviderKind; readonly model: string },
): TranslatedRequest | null {
  if (request.endpoint === '/v1/chat/completions' && target.kind === 'anthropic') {
    return { endpoint: '/v1/messages', ...chatToMessages(request.body, target.model) };
  }
  if (request.endpoint === '/v1/messages' && target.kind === 'openai') {
    return { endpoint: '/v1/chat/completions', ...messagesToChat(request.body, target.model) };
  }
  return null;
}

/** A provider's complete answer in the words of the client's surface. */
export function translateResponse(
  endpoint: Endpoint, answer: JsonObject, createdS: number,
): JsonObject {
  return surfaceOf(endpoint) === 'openai'
    ? messageToCompletion(answer, createdS)
    : completionToMessage(answer);
}
