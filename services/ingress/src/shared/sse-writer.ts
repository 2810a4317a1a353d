// Writes server-sent events to one client: opens the response with the first event, gathers what is
// written in one tick, and says when a slow client has too much waiting.
import { type FastifyReply } from 'fastify';
import { writeSse, writeSseComment } from '@libs/surfaces/sse';
import { type SurfaceEvent } from '@libs/surfaces/surface';
import { type LiveStreams } from './live-streams';
import { type Headers } from './respond';

/** Beyond this a client is slow, and deltas are not kept for it any more. */
export const bufferedBytesMax = 1024 * 1024;

export class SseWriter {
  #pending = '';
  #scheduled = false;
  #opened = false;
  #ended = false;

  constructor(
    private readonly reply: FastifyReply,
    private readonly live: LiveStreams,
  ) {}

  get opened(): boolean {
    return this.#opened;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** The client does not read as fast as we write. */
  get full(): boolean {
    return this.reply.raw.writableLength + this.#pending.length > bufferedBytesMax;
  }

  /** From here on the answer is a stream and cannot become a plain error any more. */
  open(headers: Headers): void {
    if (this.#opened) return;
    this.#opened = true;
    this.reply.hijack();
    this.reply.raw.writeHead(200, {
      ...(this.reply.getHeaders() as Headers),
      ...headers,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      // nginx would gather the stream otherwise.
      'x-accel-buffering': 'no',
    });
    this.live.add(this);
  }

  write(event: SurfaceEvent, id: string | null): void {
    this.#push(id === null ? writeSse(event) : `id: ${id}\n${writeSse(event)}`);
  }

  keepAwake(): void {
    if (!this.full) this.#push(writeSseComment('waiting'));
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.live.remove(this);
    this.#flush();
    this.reply.raw.end();
  }

  /** The client has gone. */
  abort(): void {
    this.#ended = true;
    this.live.remove(this);
    this.#pending = '';
  }

  /** Calls once everything buffered has left (or at once when nothing is). */
  onDrained(callback: () => void): void {
    this.#flush();
    if (this.reply.raw.writableNeedDrain) this.reply.raw.once('drain', callback);
    else setImmediate(callback);
  }

  #push(text: string): void {
    if (this.#ended) return;
    this.#pending += text;
    if (this.#scheduled) return;
    this.#scheduled = true;
    // Deltas come in batches: one write for all of a tick.
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#pending === '') return;
    const text = this.#pending;
    this.#pending = '';
    this.reply.raw.write(text);
  }
}
