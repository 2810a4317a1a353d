// One HTTP exchange with a provider over undici's dispatch: the four timeouts, cancellation, and
// whether the request was ever on the wire. Knows nothing of what is in the bytes.
import { type Dispatcher } from 'undici';
import { type ResponseHeaders } from './retry-after';

export type BreakReason =
  | 'connect_failed' | 'connection_lost' | 'first_token_timeout' | 'stalled' | 'total_timeout'
  | 'canceled' | 'given_up';

export type ExchangeEnd =
  | { readonly kind: 'complete' }
  | {
    readonly kind: 'broken';
    readonly reason: BreakReason;
    /** From the operating system or undici; says nothing of the request. */
    readonly detail: string;
    /** The connection stood and the request was being written, or more. */
    readonly wasSent: boolean;
  };

/** What the reader of an answer can tell the exchange. */
export interface ExchangeControls {
  /** The first real content came: from now on only silence is a stall. */
  readonly firstContent: () => void;
  /** All is here; what remains of the response is only waited for briefly. */
  readonly answered: () => void;
  /** The rest of the response is of no use. */
  readonly giveUp: () => void;
}

export interface ExchangeReader {
  readonly head: (status: number, headers: ResponseHeaders) => void;
  readonly data: (bytes: Buffer) => void;
}

export interface ExchangeLimits {
  readonly firstTokenMs: number;
  readonly stallMs: number;
  readonly totalMs: number;
  /** First token and stall count for streamed calls only. */
  readonly isStreamed: boolean;
}

export interface ExchangeInput {
  readonly dispatcher: Dispatcher;
  readonly options: Dispatcher.DispatchOptions;
  readonly limits: ExchangeLimits;
  readonly signal: AbortSignal;
  readonly reader: (controls: ExchangeControls) => ExchangeReader;
}

/** A connection that is kept needs its response read to the end; a lazy server is cut off. */
const tailMs = 1000;

/** Longer timers fire at once (the delay is a signed 32-bit number). */
const timerMsMax = 2 ** 31 - 1;

/** Never rejects. */
export function runExchange(input: ExchangeInput): Promise<ExchangeEnd> {
  return new Promise((resolve) => {
    startExchange(input, resolve);
  });
}

interface Running {
  controller: Dispatcher.DispatchController | null;
  isSettled: boolean;
  isAnswered: boolean;
  /** The first content came, so any silence is a stall. */
  hasContent: boolean;
  phase: NodeJS.Timeout | null;
}

function startExchange(input: ExchangeInput, resolve: (end: ExchangeEnd) => void): void {
  const { limits, signal } = input;
  const run: Running = {
    controller: null, isSettled: false, isAnswered: false, hasContent: false, phase: null,
  };

  const settle = (end: ExchangeEnd): void => {
    if (run.isSettled) return;
    run.isSettled = true;
    clearTimeout(total);
    if (run.phase !== null) clearTimeout(run.phase);
    signal.removeEventListener('abort', onAbort);
    resolve(run.isAnswered ? { kind: 'complete' } : end);
  };
  const breakOff = (reason: BreakReason, detail: string): void => {
    if (run.isSettled) return;
    const wasSent = run.controller !== null;
    settle({ kind: 'broken', reason, detail, wasSent });
    run.controller?.abort(new Error(detail));
  };
  const setPhase = (ms: number, reason: BreakReason): void => {
    if (run.phase !== null) clearTimeout(run.phase);
    run.phase = setTimeout(() => breakOff(reason, `${reason} after ${ms} ms`), ms);
  };
  const onAbort = (): void => breakOff('canceled', 'canceled');
  const totalMs = Math.min(limits.totalMs, timerMsMax);
  const total = setTimeout(
    () => breakOff('total_timeout', `not done after ${totalMs} ms`), totalMs,
  );
  if (signal.aborted) {
    onAbort();
    return;
  }
  signal.addEventListener('abort', onAbort);
  if (limits.isStreamed) setPhase(limits.firstTokenMs, 'first_token_timeout');
  const reader = input.reader({
    firstContent: () => {
      run.hasContent = true;
      if (limits.isStreamed && !run.isSettled) setPhase(limits.stallMs, 'stalled');
    },
    answered: () => {
      run.isAnswered = true;
      if (!run.isSettled) setPhase(tailMs, 'stalled');
    },
    giveUp: () => breakOff('given_up', 'the response is of no use'),
  });
  try {
    input.dispatcher.dispatch(input.options, handlerOf(run, reader, settle));
  } catch (error) {
    // Thrown for what can never be sent, such as a header with a line break in it.
    breakOff('connect_failed', describe(error));
  }
}

function handlerOf(
  run: Running, reader: ExchangeReader, settle: (end: ExchangeEnd) => void,
): Dispatcher.DispatchHandler {
  return {
    // Called when a connection stands and the request is about to be written.
    onRequestStart(controller) {
      run.controller = controller;
      if (run.isSettled) controller.abort(new Error('settled before it was sent'));
    },
    onResponseStart(_controller, status, headers) {
      // 1xx are no answers.
      if (run.isSettled || status < 200) return;
      reader.head(status, headers);
    },
    onResponseData(_controller, bytes) {
      if (run.isSettled) return;
      // Any byte shows that the provider lives; before the first content only content counts, and
      // behind the last nothing does.
      if (run.hasContent && !run.isAnswered) run.phase?.refresh();
      reader.data(bytes);
    },
    onResponseEnd() {
      settle({ kind: 'complete' });
    },
    onResponseError(_controller, error) {
      const wasSent = run.controller !== null;
      const reason = wasSent ? 'connection_lost' : 'connect_failed';
      settle({ kind: 'broken', reason, detail: describe(error), wasSent });
    },
  };
}

/** The code says what happened; messages may hold addresses, which are no secret. */
function describe(error: unknown): string {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  const said = typeof message === 'string' && message !== '' ? message : 'no reason given';
  return typeof code === 'string' ? `${code}: ${said}` : said;
}
