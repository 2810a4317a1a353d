import { describe, expect, it } from '@jest/globals';
import { TokenCounter } from './read-sse';

const event = (content: string): string =>
  `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`;

describe('tokens of a stream', () => {
  it('are four characters each, however the text is cut into events', () => {
    const counter = new TokenCounter();
    counter.take(event('You ') + event('said'));
    counter.take(event('four'));
    expect(counter.tokens).toBe(3);
  });

  it('are the same when an event comes in two pieces', () => {
    const counter = new TokenCounter();
    const text = event('four') + event('four');
    expect(counter.take(text.slice(0, 30))).toBe(0);
    expect(counter.take(text.slice(30))).toBe(8);
    expect(counter.tokens).toBe(2);
  });

  it('count an escaped character once', () => {
    const counter = new TokenCounter();
    counter.take(event('a"\n\u00e9'));
    expect(counter.tokens).toBe(1);
  });

  it('do not come from the opening delta', () => {
    const counter = new TokenCounter();
    expect(counter.take('data: {"delta":{"role":"assistant","content":""}}\n\n')).toBe(0);
  });

  it('are complete only after the last word', () => {
    const counter = new TokenCounter();
    counter.take(event('four'));
    expect(counter.done).toBe(false);
    counter.take('data: [DONE]\n\n');
    expect(counter.done).toBe(true);
  });
});
