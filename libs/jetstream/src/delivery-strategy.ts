// Nest's transport over the shared consumer of work: a handler with @EventPattern gets deliveries,
// and its failure decides what becomes of the commit (Nest's base class would not see it).
import { Catch, type RpcExceptionFilter } from '@nestjs/common';
import { BaseRpcContext, type CustomTransportStrategy, Server } from '@nestjs/microservices';
import { isObservable, lastValueFrom, type Observable, throwError } from 'rxjs';
import { subjectMatches } from '@libs/log/subject-match';
import { type Delivery } from '@libs/log/work-queue';
import { consumeWork, type ConsumeOptions, type WorkConsumer, type WorkParts } from './consume-work';

/** What handlers may inject with @Ctx(). */
export class DeliveryContext extends BaseRpcContext<[Delivery]> {
  get delivery(): Delivery {
    return this.getArgByIndex(0) as Delivery;
  }
}

/**
 * Lets a handler's own error through to the strategy; Nest's default filter replaces it by
 * `Internal server error`, and the fault's rule would be lost. Use it as a global filter.
 */
@Catch()
export class DeliveryErrorFilter implements RpcExceptionFilter {
  catch(exception: unknown): Observable<never> {
    return throwError(() => exception);
  }
}

export interface StrategyOptions extends ConsumeOptions {
  /** How long `close` waits for what runs. */
  readonly drainMs: number;
}

type Handler = NonNullable<ReturnType<Server['getHandlerByPattern']>>;

export class JetStreamStrategy extends Server implements CustomTransportStrategy {
  override readonly propagatesEventHandlerErrors = true;
  #consumer: WorkConsumer | null = null;
  readonly #patterns = new Map<string, string>();

  constructor(private readonly parts: WorkParts, private readonly options: StrategyOptions) {
    super();
  }

  listen(callback: (error?: unknown) => void): void {
    this.#consumer = consumeWork(this.parts, this.options, (delivery) => this.#deliver(delivery));
    callback();
  }

  async close(): Promise<void> {
    await this.#consumer?.stop(this.options.drainMs);
  }

  /** There may be room again. */
  wake(): void {
    this.#consumer?.wake();
  }

  get running(): number {
    return this.#consumer?.running ?? 0;
  }

  on(): void {
    throw new Error('this transport has no events');
  }

  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- Nest's signature
  unwrap<T>(): T {
    return this.#consumer as T;
  }

  /** Resolves when the handler has succeeded; rejects with its error. */
  override handleEvent(
    pattern: string, packet: { pattern: string; data: Delivery }, context: BaseRpcContext,
  ): Promise<void> {
    const handler = this.getHandlerByPattern(pattern);
    if (handler === null) throw new Error(`no handler for ${pattern}`);
    return new Promise((resolve, reject) => {
      this.runWithProcessingHooks(context, async (end) => {
        try {
          await settled(handler, packet.data, context);
          resolve();
        } catch (error) {
          // Without the filter above Nest rejects with a plain object.
          reject(error instanceof Error ? error : new Error('the handler failed', { cause: error }));
        } finally {
          end();
        }
      });
    });
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const pattern = this.#patternFor(delivery.commit.subject);
    await this.handleEvent(pattern, { pattern, data: delivery }, new DeliveryContext([delivery]));
  }

  /** A handler's pattern is a subject (with wildcards), or the name of the durable consumer. */
  #patternFor(subject: string): string {
    let pattern = this.#patterns.get(subject);
    if (pattern === undefined) {
      pattern = [...this.messageHandlers.keys()].find((candidate) => (
        candidate === this.options.durable || subjectMatches(candidate, subject)));
      if (pattern === undefined) throw new Error(`no handler for ${subject}`);
      this.#patterns.set(subject, pattern);
    }
    return pattern;
  }
}

async function settled(handler: Handler, delivery: Delivery, context: BaseRpcContext): Promise<void> {
  const result: unknown = await handler(delivery, context);
  if (!isObservable(result)) return;
  await lastValueFrom(result, { defaultValue: undefined });
}
