// The part of autocannon that is used here; the package has no types of its own.
declare module 'autocannon' {
  import { type EventEmitter } from 'node:events';

  interface Client {
    setBody(body: string): void;
  }
  interface Options {
    readonly url: string;
    readonly method: 'POST';
    readonly headers: Record<string, string>;
    readonly body: string;
    readonly connections: number;
    /** s */
    readonly duration: number;
    /** s */
    readonly timeout: number;
    /** ms between two looks at whether the time is over. */
    readonly sampleInt: number;
    readonly setupClient: (client: Client) => void;
  }
  interface Result {
    readonly errors: number;
    readonly non2xx: number;
  }
  interface Instance extends EventEmitter, PromiseLike<Result> {
    stop(): void;
  }
  function autocannon(options: Options): Instance;
  export = autocannon;
}
