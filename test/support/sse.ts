// Reads server-sent events as a client does.
import { expect } from '@jest/globals';

export interface SseEvent {
  readonly id: string;
  readonly data: string;
}

/** The events of an answer, as they come. */
export async function* eventsOf(answer: Response): AsyncGenerator<SseEvent> {
  expect(answer.status).toBe(200);
  let text = '';
  const decoder = new TextDecoder();
  for await (const bytes of answer.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(bytes, { stream: true });
    const parts = text.split('\n\n');
    text = parts.pop() ?? '';
    for (const part of parts) {
      const field = (name: string): string =>
        part.split('\n').find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? '';
      if (field('data') !== '') yield { id: field('id'), data: field('data') };
    }
  }
}

/** All events, or the first `count`. */
export async function readEvents(answer: Response, count = Infinity): Promise<SseEvent[]> {
  const events: SseEvent[] = [];
  for await (const event of eventsOf(answer)) {
    events.push(event);
    if (events.length >= count) break;
  }
  return events;
}

/** What chunks of a chat completion say, put together. */
export function textOf(events: readonly SseEvent[]): string {
  return events.map(({ data }) => {
    if (data === '[DONE]') return '';
    const chunk = JSON.parse(data) as { choices?: { delta?: { content?: string } }[] };
    return chunk.choices?.[0]?.delta?.content ?? '';
  }).join('');
}
