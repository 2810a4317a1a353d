// For specs: as much of a response as the stream writer uses; its socket takes what it is told to.
import { EventEmitter } from 'node:events';
import { type FastifyReply } from 'fastify';

export class ScriptedResponse extends EventEmitter {
  readonly written: string[] = [];
  status: number | null = null;
  writableLength = 0;
  writableNeedDrain = false;
  ended = false;

  writeHead(status: number): void {
    this.status = status;
  }

  write(text: string): void {
    this.written.push(text);
  }

  end(): void {
    this.ended = true;
  }

  asReply(): FastifyReply {
    const reply = { raw: this, hijack: () => undefined, getHeaders: () => ({}) };
    return reply as unknown as FastifyReply;
  }
}
