// Reads a parsed request body: what it asks for, what it needs from a provider, or what is wrong
// with it. Only checks that need no history; everything unknown stays in the body.
import { type Endpoint } from './surface';
import { checkModel, type Refusal, wrongType } from './checks';
import { isObject } from './json';
import { type Inspection } from './inspection';
import { inspectMessages } from './anthropic/inspect-messages';
import { inspectChat } from './openai/inspect-chat';
import { inspectCompletion, inspectEmbeddings } from './openai/inspect-simple';

export function inspect(endpoint: Endpoint, body: unknown): Inspection | Refusal {
  if (!isObject(body)) return wrongType('body', 'a JSON object');
  const refusal = checkModel(body);
  if (refusal !== null) return refusal;
  switch (endpoint) {
    case '/v1/chat/completions':
      return inspectChat(body);
    case '/v1/completions':
      return inspectCompletion(body);
    case '/v1/embeddings':
      return inspectEmbeddings(body);
    case '/v1/messages':
      return inspectMessages(body, 'create');
    case '/v1/messages/count_tokens':
      return inspectMessages(body, 'count');
  }
}
