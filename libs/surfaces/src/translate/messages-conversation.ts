// The conversation of a Messages request as chat messages.
import { type JsonObject, objectOf, objectsOf, textOf } from '../json';
import { documentPartOf, imagePartOf } from './media';
import { type Losses } from './translation';

export function messagesToChatMessages(request: JsonObject, losses: Losses): JsonObject[] {
  const out: JsonObject[] = [];
  const system = plainText(request.system);
  if (system !== '') out.push({ role: 'system', content: system });
  for (const message of objectsOf(request.messages)) {
    if (message.role === 'assistant') out.push(...assistantMessages(message, losses));
    else if (message.role === 'system') {
      out.push({ role: 'system', content: plainText(message.content) });
    } else out.push(...userMessages(message, losses));
  }
  return out;
}

/** Results of tools are messages of their own on OpenAI's surface, before what the user says. */
function userMessages(message: JsonObject, losses: Losses): JsonObject[] {
  if (typeof message.content === 'string') return [{ role: 'user', content: message.content }];
  const results: JsonObject[] = [];
  const parts: JsonObject[] = [];
  for (const block of objectsOf(message.content)) {
    if (block.type === 'tool_result') {
      const { result, media } = toolMessage(block, losses);
      results.push(result);
      parts.push(...media);
    } else {
      const part = partOfBlock(block, losses);
      if (part !== null) parts.push(part);
    }
  }
  if (parts.length === 0) return results;
  return [...results, { role: 'user', content: simplest(parts) }];
}

/** Tool messages carry text only, so pictures and files follow as the user's. */
function toolMessage(
  block: JsonObject, losses: Losses,
): { result: JsonObject; media: JsonObject[] } {
  const media: JsonObject[] = [];
  let text = typeof block.content === 'string' ? block.content : '';
  for (const item of objectsOf(block.content)) {
    const part = partOfBlock(item, losses);
    if (part === null) continue;
    if (part.type === 'text') text = text === '' ? textOf(part.text) : `${text}\n${textOf(part.text)}`;
    else media.push(part);
  }
  if (text === '' && media.length > 0) text = '(see the attached content)';
  // OpenAI has no flag for failed tools: the word in front is what its models are used to.
  if (block.is_error === true && !/^error/i.test(text)) text = `Error: ${text}`;
  const result = { role: 'tool', tool_call_id: textOf(block.tool_use_id), content: text };
  return { result, media };
}

function partOfBlock(block: JsonObject, losses: Losses): JsonObject | null {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: textOf(block.text) };
    case 'image':
      return imagePartOf(block, losses);
    case 'document':
      return documentPartOf(block, losses);
    case 'search_result': {
      const head = `${textOf(block.title)}\n${textOf(block.source)}`;
      return { type: 'text', text: `${head}\n\n${plainText(block.content)}` };
    }
    default:
      losses.unsupported.add(`messages.${textOf(block.type)}`);
      return null;
  }
}

/**
 * Thinking is left out: its signature means nothing elsewhere, and OpenAI keeps no reasoning in a
 * chat history. Blocks of Anthropic's own tools cannot be continued elsewhere.
 */
function assistantMessages(message: JsonObject, losses: Losses): JsonObject[] {
  if (typeof message.content === 'string') {
    return [{ role: 'assistant', content: message.content }];
  }
  const texts: string[] = [];
  const calls: JsonObject[] = [];
  for (const block of objectsOf(message.content)) {
    if (block.type === 'text') texts.push(textOf(block.text));
    else if (block.type === 'tool_use') calls.push(toolCall(block));
    else if (block.type !== 'thinking' && block.type !== 'redacted_thinking') {
      losses.unsupported.add(`messages.${textOf(block.type)}`);
    }
  }
  const text = texts.join('');
  if (calls.length === 0) return text === '' ? [] : [{ role: 'assistant', content: text }];
  return [{ role: 'assistant', content: text === '' ? null : text, tool_calls: calls }];
}

export function toolCall(block: JsonObject): JsonObject {
  return {
    id: textOf(block.id),
    type: 'function',
    function: { name: textOf(block.name), arguments: JSON.stringify(objectOf(block.input)) },
  };
}

/** A single text stays a plain string: every compatible server knows that form. */
function simplest(parts: JsonObject[]): unknown {
  if (!parts.every((part) => part.type === 'text')) return parts;
  return parts.length === 1 ? parts[0]?.text : parts;
}

function plainText(content: unknown): string {
  if (typeof content === 'string') return content;
  return objectsOf(content).map((block) => textOf(block.text)).filter((t) => t !== '').join('\n');
}
