// One client's stream of one job: forwards deltas in order without gap or repeat, keeps to the
// attempt whose content the client has, and ends it from the job's outcome. What cannot go on
// exactly where the client stands ends with an error: text is never sent a second time.
import { type RateLeft } from '@libs/events/limits';
import { type AskDeltas, type DeltasAnswer } from '@libs/signals/ask-messages';
import { type BrokenReply, type DeltaReply } from '@libs/signals/reply-messages';
import { signalSubjects, type Signals } from '@libs/signals/signals';
import { surfaceErrorEvent } from '@libs/surfaces/errors';
import { type Surface, type SurfaceEvent } from '@libs/surfaces/surface';
import { isRefusal } from './refusal';
import { errorFields, type Headers } from './respond';
import {
  endsStream, eventsOfResult, looksComplete, openaiEnd, resultAttempt,
} from './result-stream';
import { type JobEnd } from './follow-job';
import { type Outcome } from './outcome';
import { type SseWriter } from './sse-writer';

/** What the first delta tells beside its content. */
export interface StreamAbout {
  provider?: string;
  model?: string;
  rates?: readonly RateLeft[];
}

export interface StreamParts {
  readonly signals: Signals;
  readonly surface: Surface;
  readonly endpoint: string;
  readonly includeUsage: boolean;
  readonly writer: SseWriter;
  /** The job streamed; another one after a verdict. */
  readonly job: () => string;
  /** Headers that leave with the first content. */
  readonly headers: (about: StreamAbout) => Headers;
  /** Continue after this place (`Last-Event-ID`). */
  readonly from: { readonly attempt: string; readonly index: number } | null;
}

/**
 * The worker that runs the job answers from memory. Nobody answers for a job that has not begun: it
 * is asked for again soon, then more patiently, in case its worker is only slow.
 */
const deltasTimeoutMs = { first: 125, most: 1_000 } as const;
/** A worker whose next delta is later than this has none for us yet. */
const refillMs = 200;

export class StreamSession {
  /** Whose content the client gets; `resultAttempt` for a stream made from the result. */
  #attempt: string | null;
  #next: number;
  /** Highest index heard of. */
  #seen = -1;
  #last: SurfaceEvent | null = null;
  #askTimeoutMs: number = deltasTimeoutMs.first;
  #filling = false;
  #lagging = false;
  #outcome: Outcome | null = null;
  #about: StreamAbout = {};
  readonly done: Promise<JobEnd | null>;
  #finish: (plain: JobEnd | null) => void = () => undefined;
  #finished = false;

  /** `done` gives what is to be answered plainly, null when the stream itself was the answer. */
  constructor(private readonly parts: StreamParts) {
    this.#attempt = parts.from?.attempt ?? null;
    this.#next = parts.from === null ? 0 : parts.from.index + 1;
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  get finished(): boolean {
    return this.#finished;
  }

  readonly accept = (delta: DeltaReply): void => {
    if (this.#finished) return;
    if (!this.#follows(delta.attempt)) { this.#leaveIfOver(delta.attempt); return; }
    if (delta.provider !== undefined) this.#about.provider = delta.provider;
    if (delta.model !== undefined) this.#about.model = delta.model;
    if (delta.rates !== undefined) this.#about.rates = delta.rates;
    this.#seen = Math.max(this.#seen, delta.index);
    if (this.#filling || this.#lagging || delta.index < this.#next) return;
    if (delta.index > this.#next) void this.fill();
    else this.#write(delta);
  };

  readonly broken = (broken: BrokenReply): void => {
    if (this.#finished || !this.#isBound || broken.attempt !== this.#attempt) return;
    this.#endWithError(broken.error.class, broken.error.message);
  };

  readonly end = (end: JobEnd): void => {
    if (this.#finished) return;
    if (isRefusal(end)) {
      if (this.parts.writer.opened) this.#endWithError(end.code, end.message);
      else this.#close(end);
      return;
    }
    this.#outcome = end;
    if (!this.#filling && !this.#lagging) void this.#settle(end);
  };

  /** The client has gone. */
  abort(): void {
    this.parts.writer.abort();
    this.#close(null);
  }

  /** Asks the worker for what is missing; also how a stream that is not sent to us is read. */
  async fill(once = false): Promise<void> {
    // A result does not come in deltas: whoever has begun it gets the rest of it.
    if (this.#filling || this.#isHeld() || this.#attempt === resultAttempt) return;
    this.#filling = true;
    do {
      const before = this.#next;
      await this.#fillOnce();
      if (this.#isHeld()) break;
      if (this.#next === before) {
        if (this.#outcome !== null || once) break;
        await new Promise((resolve) => setTimeout(resolve, refillMs));
      }
    } while (this.#next <= this.#seen && !this.#isHeld());
    this.#filling = false;
    if (this.#outcome !== null && !this.#isHeld()) await this.#settle(this.#outcome);
  }

  /** Nothing may be written now. A method, since this changes while a fill waits. */
  #isHeld(): boolean {
    return this.#finished || this.#lagging;
  }

  /** The client has content of an attempt: nothing of another one may follow. */
  get #isBound(): boolean {
    return this.parts.writer.opened || this.parts.from !== null;
  }

  async #fillOnce(): Promise<void> {
    const answer = await this.#askDeltas();
    if (answer === null || this.#finished) return;
    if (!this.#follows(answer.attempt)) { this.#leaveIfOver(answer.attempt); return; }
    const first = answer.from ?? 0;
    // The worker goes on with the stream of another one that is gone with what we miss.
    if (first > this.#next && this.#isBound) {
      this.#endWithError('stream_broken', 'A part of this stream was lost.'); return;
    }
    this.#seen = Math.max(this.#seen, first + answer.deltas.length - 1);
    for (const [place, event] of answer.deltas.entries()) {
      const index = first + place;
      if (index === this.#next - 1) this.#last ??= event;
      if (index < this.#next) continue;
      if (this.#lagging || index > this.#next) break;
      this.#write({ ...event, index, attempt: answer.attempt });
    }
  }

  async #askDeltas(): Promise<DeltasAnswer | null> {
    // The last event that a returning client has tells whether it has them all.
    const from = this.#last === null ? Math.max(0, this.#next - 1) : this.#next;
    const asked: AskDeltas = { attempt: this.#attempt, from };
    const question = JSON.stringify(asked);
    try {
      const subject = signalSubjects.deltas(this.parts.job());
      return JSON.parse(
        await this.parts.signals.request(subject, question, this.#askTimeoutMs),
      ) as DeltasAnswer;
    } catch {
      this.#askTimeoutMs = Math.min(this.#askTimeoutMs * 2, deltasTimeoutMs.most);
      // Nobody runs it now: it waits, has settled, or its worker is gone. The router decides.
      return null;
    }
  }

  /** Whether this attempt is the one to forward; before the client has content it may change. */
  #follows(attempt: string): boolean {
    if (this.#attempt === attempt) return true;
    if (this.#isBound) return false;
    this.#attempt = attempt;
    this.#next = 0;
    this.#seen = -1;
    return true;
  }

  /**
   * Another attempt of the job runs: the client's own has ended without an answer. Ids are in the
   * order of time; a worker that was paused may still speak of an earlier one.
   */
  #leaveIfOver(other: string): void {
    if (this.#attempt === null || this.#attempt === resultAttempt || other < this.#attempt) return;
    this.#endWithError('stream_broken', 'The attempt that this stream came from was given up.');
  }

  #write(delta: Pick<DeltaReply, 'attempt' | 'index' | 'event' | 'data'>): void {
    const { writer } = this.parts;
    this.#open();
    const event = { event: delta.event, data: delta.data };
    writer.write(event, `${delta.attempt}:${delta.index}`);
    this.#next = delta.index + 1;
    this.#last = event;
    if (writer.full) this.#lag();
  }

  #open(): void {
    const { writer, headers } = this.parts;
    if (!writer.opened) writer.open(headers(this.#about));
  }

  /** A slow client: nothing is kept for it; what it misses is asked for once it has read. */
  #lag(): void {
    this.#lagging = true;
    this.parts.writer.onDrained(() => {
      this.#lagging = false;
      if (this.#finished) return;
      if (this.#next <= this.#seen) void this.fill();
      else if (this.#outcome !== null) void this.#settle(this.#outcome);
    });
  }

  async #settle(outcome: Outcome): Promise<void> {
    if (this.#finished) return;
    const { writer } = this.parts;
    if (outcome.status !== 'succeeded') {
      if (!writer.opened) { this.#close(outcome); return; }
      const { code, message } = errorFields(outcome);
      this.#endWithError(code, message); return;
    }
    const { provider, model, rates } = outcome;
    if (provider !== null && model !== null) {
      this.#about = { provider, model, ...(rates === undefined ? {} : { rates }) };
    }
    if (!this.#isBound || this.#attempt === resultAttempt) return this.#streamResult(outcome);
    if (outcome.attemptId !== null && outcome.attemptId !== this.#attempt) {
      this.#endWithError('stream_broken', 'Another attempt than this stream\'s answered.'); return;
    }
    this.#filling = true;
    await this.#fillToEnd();
    this.#filling = false;
    if (!this.#isHeld()) this.#endComplete();
  }

  /** The worker keeps a stream for a while after its end; an answer carries a part of a long one. */
  async #fillToEnd(): Promise<void> {
    this.#askTimeoutMs = deltasTimeoutMs.most;
    let before = -1;
    while (!endsStream(this.parts.surface, this.#last)) {
      if (this.#isHeld() || this.#next === before) return;
      before = this.#next;
      await this.#fillOnce();
    }
  }

  #endComplete(): void {
    const { writer, surface } = this.parts;
    const hasEnd = endsStream(surface, this.#last);
    if (!hasEnd && !looksComplete(surface, this.#last)) {
      this.#endWithError('stream_broken', 'The end of this stream was lost.'); return;
    }
    this.#open();
    if (!hasEnd && surface === 'openai') writer.write(openaiEnd, `${this.#attempt}:${this.#next}`);
    writer.end();
    this.#close(null);
  }

  /** The client has nothing, or a part of the stream that was made from the result before. */
  async #streamResult(outcome: Outcome): Promise<void> {
    const { writer, surface, endpoint, includeUsage } = this.parts;
    const events = eventsOfResult({ surface, endpoint, includeUsage }, outcome.body);
    if (events === null) { this.#close(outcome); return; }
    const first = this.#attempt === resultAttempt ? this.#next : 0;
    this.#attempt = resultAttempt;
    this.#open();
    for (let index = first; index < events.length; index += 1) {
      const event = events[index];
      if (event === undefined || this.#finished) break;
      writer.write(event, `${resultAttempt}:${index}`);
      if (writer.full) await new Promise<void>((resolve) => writer.onDrained(resolve));
    }
    writer.end();
    this.#close(null);
  }

  #endWithError(code: string, message: string): void {
    const { writer, surface } = this.parts;
    const jobId = this.parts.job();
    this.#open();
    const advice = `${message} What was answered can be read at /v1/jobs/${jobId}/result.`;
    writer.write(surfaceErrorEvent(surface, { status: 502, code, message: advice, jobId }), null);
    writer.end();
    this.#close(null);
  }

  #close(plain: JobEnd | null): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#finish(plain);
  }
}
