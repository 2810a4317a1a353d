// Orders for pages of the past, worked off one after the other by a process that is started when
// there is one and ended when there was none for a while. Whoever asks comes again until his page is
// there: what nobody comes for any more is given up.
import { type Logger } from '@libs/telemetry/logger';
import { type FoldedPage, type FoldMessage, type PageOrder } from './fold-messages';

/** A process that folds. */
export interface Folder {
  send(order: PageOrder): void;
  kill(): void;
}

export interface FolderEvents {
  readonly message: (message: FoldMessage) => void;
  readonly exited: (why: string) => void;
}

export type PageAnswer =
  | { readonly kind: 'page'; readonly page: FoldedPage }
  | { readonly kind: 'not_archived' | 'failed' | 'busy'; readonly message: string }
  | { readonly kind: 'waiting' }
  | { readonly kind: 'folding'; readonly sequence: number };

export interface PagesTools {
  readonly start: (events: FolderEvents) => Folder;
  readonly logger: Logger;
  readonly nowMs: () => number;
  readonly times?: Partial<PagesTimes>;
}

interface PagesTimes {
  /** How long one answer is waited for; its asker has 5 s. */
  readonly answerMs: number;
  /** An asker comes again each second. */
  readonly abandonedMs: number;
  /** A page of commits takes a second at most, a snapshot of a large fold some. */
  readonly stuckMs: number;
  /** The next page, or the other moment to compare with, comes within this. */
  readonly idleMs: number;
}

const usual: PagesTimes = {
  answerMs: 2_500, abandonedMs: 30_000, stuckMs: 120_000, idleMs: 60_000,
};
/** Each takes seconds: who comes behind so many is told to come later. */
const waitingMax = 4;
/** Pages kept for whoever asks again: at most half a MiB each. */
const keptMax = 16;
const lookEveryMs = 1_000;

interface Order {
  readonly order: PageOrder;
  askedMs: number;
  answer: PageAnswer | null;
  readonly done: Promise<void>;
  readonly settle: () => void;
}

export class PastPages {
  readonly #orders = new Map<string, Order>();
  readonly #times: PagesTimes;
  #folder: Folder | null = null;
  #running: Order | null = null;
  #sequence = 0;
  /** When the process was last heard, or last had something to do. */
  #heardMs = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(private readonly tools: PagesTools) {
    this.#times = { ...usual, ...tools.times };
  }

  async ask(order: PageOrder): Promise<PageAnswer> {
    const name = JSON.stringify(order);
    let known = this.#orders.get(name);
    if (known === undefined) {
      if (this.#waiting().length >= waitingMax) {
        return { kind: 'busy', message: 'Other moments of the past are being made; come back later.' };
      }
      this.#orders.set(name, known = newOrder(order));
      this.#forgetOld();
    }
    known.askedMs = this.tools.nowMs();
    this.#next();
    await within(known.done, this.#times.answerMs);
    if (known.answer === null) return this.#progressOf(known);
    // A failure is told once and tried again when asked again.
    if (known.answer.kind !== 'page') this.#orders.delete(name);
    return known.answer;
  }

  stop(): void {
    this.#end('audit stops');
  }

  #progressOf(known: Order): PageAnswer {
    return known === this.#running
      ? { kind: 'folding', sequence: this.#sequence } : { kind: 'waiting' };
  }

  #waiting(): Order[] {
    return [...this.#orders.values()].filter(({ answer }) => answer === null);
  }

  #next(): void {
    if (this.#running !== null) return;
    const [next] = this.#waiting();
    if (next === undefined) return;
    this.#running = next;
    this.#sequence = 0;
    this.#heardMs = this.tools.nowMs();
    this.#folder ??= this.#start();
    this.#folder.send(next.order);
  }

  #start(): Folder {
    this.#timer ??= setInterval(() => this.#look(), lookEveryMs);
    const folder: Folder = this.tools.start({
      message: (message) => { if (this.#folder === folder) this.#heard(message); },
      exited: (why) => { if (this.#folder === folder) this.#end(why); },
    });
    return folder;
  }

  #heard(message: FoldMessage): void {
    this.#heardMs = this.tools.nowMs();
    if (message.kind === 'progress') this.#sequence = message.sequence;
    else this.#settle(message);
  }

  #settle(answer: PageAnswer): void {
    const settled = this.#running;
    this.#running = null;
    if (settled !== null) {
      settled.answer = answer;
      settled.settle();
    }
    this.#next();
  }

  /** Ends what nobody waits for, what hangs, and a process without work. */
  #look(): void {
    const { abandonedMs, stuckMs, idleMs } = this.#times;
    const nowMs = this.tools.nowMs();
    for (const [name, { answer, askedMs }] of this.#orders) {
      if (answer === null && nowMs - askedMs > abandonedMs) this.#giveUp(name);
    }
    const silentMs = nowMs - this.#heardMs;
    if (this.#running === null ? silentMs > idleMs : silentMs > stuckMs) this.#end('it was silent');
  }

  #giveUp(name: string): void {
    const order = this.#orders.get(name);
    this.#orders.delete(name);
    if (order === this.#running) this.#end('nobody asks for it any more');
  }

  #end(why: string): void {
    const [folder, running] = [this.#folder, this.#running];
    this.#folder = null;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    folder?.kill();
    if (running === null) return;
    this.tools.logger.warn({ why }, 'the fold of the past ended early');
    this.#settle({ kind: 'failed', message: `The fold of the past ended: ${why}.` });
  }

  #forgetOld(): void {
    const answered = [...this.#orders].filter(([, { answer }]) => answer !== null);
    for (const [name] of answered.slice(0, Math.max(0, answered.length - keptMax))) {
      this.#orders.delete(name);
    }
  }
}

function newOrder(order: PageOrder): Order {
  let settle = (): void => undefined;
  const done = new Promise<void>((resolve) => { settle = resolve; });
  return { order, askedMs: 0, answer: null, done, settle };
}

async function within(promise: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => { timer = setTimeout(resolve, ms); });
  await Promise.race([promise, late]);
  clearTimeout(timer);
}
