// The request everybody gets: a chat prompt of 1 KB, as JSON.
import { type Target } from '../systems/system';

const promptBytes = 1024;
const filler = 'the quick brown fox jumps over the lazy dog and runs away '.repeat(20);

/**
 * `mark` makes it a prompt of its own: Holdfast stores content of one commit once, and callers of a
 * real system do not all ask the same.
 */
export function promptOf(mark: string): string {
  return `${mark} ${filler}`.slice(0, promptBytes);
}

export function chatBody(target: Target, mark: string, more: object = {}): string {
  return JSON.stringify({
    model: target.model, messages: [{ role: 'user', content: promptOf(mark) }], ...more,
  });
}

/** The target's with what every request has. */
export function headersFor(target: Target): Record<string, string> {
  return { ...target.headers, 'content-type': 'application/json' };
}
