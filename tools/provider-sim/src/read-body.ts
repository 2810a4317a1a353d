// Collects the body of a request.
import { type IncomingMessage } from 'node:http';

/** Requests with several images are tens of megabytes. */
const BODY_BYTES_MAX = 64 * 1024 * 1024;

export type BodyResult = { kind: 'text'; text: string } | { kind: 'too-large' };

/** Callbacks instead of a promise: this runs for every request of a benchmark. */
export function readBody(req: IncomingMessage, done: (result: BodyResult) => void): void {
  let first: Buffer | undefined;
  let more: Buffer[] | undefined;
  let size = 0;
  req.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) return;
    if (first === undefined) first = chunk;
    else (more ??= [first]).push(chunk);
  });
  req.on('end', () => {
    if (size > BODY_BYTES_MAX) done({ kind: 'too-large' });
    else done({ kind: 'text', text: (more ? Buffer.concat(more) : first)?.toString() ?? '' });
  });
}
