// Brings one commit into the stream: publishes it, waits for its acknowledgement, and repeats a
// publish of unknown end with the same message id until its end is known or its time is over.
import { headers, type MsgHdrs } from '@nats-io/transport-node';
import { Fault } from '@libs/faults/faults';
import { newEventId } from '@libs/telemetry/ids';
import { type Link } from './link';
import { type PublishAnswer, readAnswer } from './publish-answer';

/** Ingress fails fast: its clients can repeat. Workers keep outcomes until the log is back. */
export type WhenUnreachable = 'fail-fast' | 'keep';

export interface PublisherOptions {
  readonly whenUnreachable: WhenUnreachable;
  /** Wait for one acknowledgement before it is asked for again. */
  readonly ackTimeoutMs: number;
  /** After this a publish is reported as failed (though it may yet be stored); not with `keep`. */
  readonly totalTimeoutMs: number;
}

export const publisherDefaults: PublisherOptions = {
  whenUnreachable: 'fail-fast',
  // A synced write takes 1 ms, a bad moment of a disk 1 s; repeats are harmless.
  ackTimeoutMs: 2000,
  // A restarting server is back in 1–2 s; a client waits this long at most for its 503.
  totalTimeoutMs: 5000,
};

/** One commit on its way. */
export interface Publication {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly msgId: string;
  readonly headers: MsgHdrs;
}

/** What became of it; `repeated`: the answer is not the one to the first publish. */
export type Published =
  | { readonly kind: 'stored'; readonly sequence: number; readonly duplicate: boolean }
  | { readonly kind: 'wrong_sequence'; readonly repeated: boolean };

export class Publisher {
  #stopping = false;

  constructor(
    private readonly link: Link, readonly options: PublisherOptions,
    private readonly onRepeat: (subject: string, why: string) => void = () => undefined,
  ) {}

  /** @throws Fault too_large when the server would refuse the size. */
  checkSize(bytes: number): void {
    // Headers and protocol take their part of the limit.
    const room = (this.link.nc.info?.max_payload ?? 1024 * 1024) - 4096;
    if (bytes <= room) return;
    throw new Fault('too_large', `an entry of ${bytes} bytes; the log takes ${room}`);
  }

  /** From now on what cannot be stored at once is given up, also with `keep`. */
  stop(): void {
    this.#stopping = true;
  }

  /**
   * @throws Fault log_unavailable (the commit may yet be stored), log_full, too_large.
   */
  async publish(publication: Publication): Promise<Published> {
    const startedAt = performance.now();
    let problem = 'the log is not reachable';
    for (let round = 0; ; round += 1) {
      const left = this.#timeLeftMs(startedAt);
      if (left <= 0 || this.link.closed) break;
      if (!this.link.connected) {
        await this.link.whenUp(Math.min(left, 1000));
        continue;
      }
      const answer = await this.#ask(publication, Math.min(this.options.ackTimeoutMs, left));
      if (answer.kind === 'stored') return answer;
      if (answer.kind === 'wrong_sequence') return { ...answer, repeated: round > 0 };
      throwIfFinal(answer);
      problem = answer.message;
      this.onRepeat(publication.subject, problem);
      // The server is starting or electing; a connection that broke is waited for above.
      await new Promise((resolve) => setTimeout(resolve, Math.min(50 * 2 ** round, 1000)));
    }
    throw new Fault('log_unavailable', `not known to be stored: ${problem}`);
  }

  #timeLeftMs(startedAt: number): number {
    if (this.options.whenUnreachable === 'keep' && !this.#stopping) return Infinity;
    return startedAt + this.options.totalTimeoutMs - performance.now();
  }

  async #ask(publication: Publication, timeout: number): Promise<PublishAnswer> {
    const { subject, payload, headers } = publication;
    let disconnected = (): void => undefined;
    const lost = new Promise<PublishAnswer>((resolve) => {
      disconnected = () => resolve({ kind: 'refused', message: 'the connection was lost' });
    });
    const stop = this.link.listen(({ kind }) => {
      if (kind === 'disconnected') disconnected();
    });
    try {
      const answer = this.link.nc.request(subject, payload, { headers, timeout }).then(
        readAnswer,
        (error: unknown): PublishAnswer => ({ kind: 'refused', message: String(error) }),
      );
      return await Promise.race([answer, lost]);
    } finally {
      stop();
    }
  }
}

/** A commit with its message id, ready to be published. */
export function publication(
  subject: string, payload: Uint8Array, expectedLastSequence: number | null,
): Publication {
  const msgId = newEventId();
  const fields = headers();
  fields.set('Nats-Msg-Id', msgId);
  if (expectedLastSequence !== null) {
    fields.set('Nats-Expected-Last-Subject-Sequence', String(expectedLastSequence));
  }
  return { subject, payload, msgId, headers: fields };
}

function throwIfFinal(answer: Exclude<PublishAnswer, { kind: 'stored' | 'wrong_sequence' }>): void {
  switch (answer.kind) {
    case 'full': throw new Fault('log_full', answer.message);
    case 'too_large': throw new Fault('too_large', answer.message);
    case 'refused': return;
  }
}
